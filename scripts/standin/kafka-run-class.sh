#!/bin/bash
# kafka-run-class.sh CLASS ARGUMENTS...
# shellcheck disable=SC2086 # the options are lists
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} ${KAFKA_JVM_PERFORMANCE_OPTS:--Djava.awt.headless=true} \
	"-Dlog4j2.configurationFile=${KAFKA_LOG4J_CONFIG:-/etc/kafka/docker/tools-log4j2.yaml}" \
	${KAFKA_OPTS-} -cp '/opt/kafka/libs/*' "$@"
