# shellcheck shell=bash
# The Go tools that checks need, at pinned releases. Source scripts/lib.sh first.

golangci_version=v2.15.0

# golangci_lint gives the path of the linter, built on the first call for a release.
golangci_lint() {
	local dir=${XDG_CACHE_HOME:-$HOME/.cache}/typedkafka/golangci-lint-$golangci_version
	if [[ ! -x $dir/golangci-lint ]]; then
		say "building golangci-lint $golangci_version"
		GOBIN=$dir GOFLAGS='' go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci_version" >&2
	fi
	echo "$dir/golangci-lint"
}

govulncheck_version=v1.9.0

# govulncheck gives the path of the checker, likewise.
govulncheck() {
	local dir=${XDG_CACHE_HOME:-$HOME/.cache}/typedkafka/govulncheck-$govulncheck_version
	if [[ ! -x $dir/govulncheck ]]; then
		say "building govulncheck $govulncheck_version"
		GOBIN=$dir GOFLAGS='' go install "golang.org/x/vuln/cmd/govulncheck@$govulncheck_version" >&2
	fi
	echo "$dir/govulncheck"
}

# go_modules lists the directories of the Go modules here, the root first.
go_modules() { git ls-files 'go.mod' '*/go.mod' | xargs -n1 dirname | sort; }
