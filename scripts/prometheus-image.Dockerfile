# A stand-in for the image prom/prometheus, built by scripts/prometheus-image where no image registry can be reached. What it has in
# common with the published image: where the program, its configuration and its data are, its flags, user nobody, port and volume, and
# busybox. What it has not: the version, which is Debian's, and the new user interface.
FROM scratch
COPY root /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >/etc/passwd && \
	printf 'root:x:0:\nnobody:x:65534:\n' >/etc/group && \
	chown -R nobody:nobody /prometheus /etc/prometheus && chmod 1777 /tmp
WORKDIR /prometheus
EXPOSE 9090
USER nobody
VOLUME ["/prometheus"]
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
