# shellcheck shell=bash disable=SC2034 # its variables are for the scripts that source it
# Shared by the scripts here: source it. Every script runs from the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kafka_version=4.3.1
standin_image=typedkafka/kafka-standin:$kafka_version

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

# install PACKAGE... installs what is missing of Debian's packages. It fails where that can't be done.
install() {
	local missing=() p
	for p in "$@"; do dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p"); done
	((${#missing[@]})) || return 0
	if ! command -v apt-get >/dev/null || [[ $EUID != 0 ]]; then
		say "missing ${missing[*]}: install them, or run this as root on Debian"
		return 1
	fi
	say "installing ${missing[*]}"
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2
}

# image_from TAG SUM says whether an image is here that was made from files with this sum.
image_from() { [[ $(docker image inspect -f '{{index .Config.Labels "made-from"}}' "$1" 2>/dev/null) == "$2" ]]; }

# build_image TAG SUM FOLDER builds an image, and labels it with the sum of what it is made from.
build_image() {
	DOCKER_BUILDKIT=0 docker build -q --label "made-from=$2" -t "$1" "$3" >"$3/build.log" 2>&1 || { tail -n 20 "$3/build.log" >&2; return 1; }
}

# have_docker says whether a Docker Engine answers, after trying to start one. The one that it starts goes on after the script; its
# process id is in $dockerd_pid_file.
dockerd_pid_file=/tmp/typedkafka-dockerd.pid
have_docker() {
	docker info >/dev/null 2>&1 && return 0
	install docker.io iptables || return 1
	command -v docker >/dev/null || install docker-cli || return 1 # a package of its own since Debian 13
	if ! docker info >/dev/null 2>&1; then
		[[ $EUID == 0 ]] || return 1
		say "starting dockerd"
		setsid nohup dockerd >/tmp/typedkafka-dockerd.log 2>&1 </dev/null &
		echo $! >"$dockerd_pid_file"
		local i
		for ((i = 0; i < 60; i++)); do
			docker info >/dev/null 2>&1 && return 0
			kill -0 "$(<"$dockerd_pid_file")" 2>/dev/null || break
			sleep 0.5
		done
		say "dockerd does not come up: $(tail -n 3 /tmp/typedkafka-dockerd.log)"
		return 1
	fi
}
