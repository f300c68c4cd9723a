# shellcheck shell=bash
# What the checks that run compose.yaml share. Source scripts/lib.sh first.

# compose_begin SERVICE=IMAGE... makes "${compose[@]}" the command that runs compose.yaml with these images instead of its own, in
# a project of its own: the volume of somebody who uses compose.yaml for himself is another one. $work is a folder for the script.
# compose_end takes all of it away: trap it.
compose_begin() {
	local one
	if docker compose version >/dev/null 2>&1; then
		compose=(docker compose)
	else
		install docker-compose || { say "no docker-compose here: compose.yaml was not run"; exit 3; }
		compose=(docker-compose)
	fi
	work=$(mktemp -d)
	{
		echo services:
		for one in "$@"; do printf '  %s:\n    image: %s\n' "${one%%=*}" "${one#*=}"; done
	} >"$work/standin.yaml"
	compose+=(--profile metrics -p typedkafka-check -f compose.yaml -f "$work/standin.yaml")
}
compose_end() {
	"${compose[@]}" down -v >/dev/null 2>&1 || true
	rm -rf "$work"
}

# must_be_free ADDRESS... ends the script where something listens at one of them.
must_be_free() {
	local address
	for address in "$@"; do
		if (exec 3<>"/dev/tcp/${address/:/\/}") 2>/dev/null; then
			say "something listens at $address already: compose.yaml was not run"
			exit 3
		fi
	done
}

# up SERVICE... starts services and waits until their health checks pass.
up() {
	local start=$SECONDS service
	"${compose[@]}" up -d "$@" >"$work/up.log" 2>&1 || { cat "$work/up.log" >&2; return 1; }
	for service in "$@"; do healthy "$service" "$start" || return 1; done
}

# healthy SERVICE START waits until the health check of a service passes. START is when it was started, in $SECONDS.
healthy() {
	local state
	while state=$(docker inspect -f '{{.State.Health.Status}}' "$("${compose[@]}" ps -q "$1")") && [[ $state != healthy ]]; do
		if (($SECONDS - $2 > 180)) || [[ $state == unhealthy ]]; then
			say "$1 is $state after $((SECONDS - $2)) s"
			"${compose[@]}" logs "$1" | tail -n 30 >&2
			return 1
		fi
		sleep 1
	done
	say "$1 is healthy after $((SECONDS - $2)) s"
}
