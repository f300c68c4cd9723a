package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// A janitor cleans up after this program, however it ends. It is a shell that reads what there is to clean from a pipe; when the
// pipe closes, since close was called or this program is dead, it kills and removes all of it.
type janitor struct {
	dir  string
	pipe *os.File
	cmd  *exec.Cmd
}

// Lines: "start PID", "end PID", "container NAME", "network NAME". Removing is tried twice: a process can still write a file while
// it dies. The shell has a session of its own, so that Ctrl-C ends the program and not its janitor.
const janitorScript = `
pids=; containers=; networks=
while read -r what id; do
	case $what in
	start) pids="$pids $id " ;;
	end) pids=$(echo "$pids" | sed "s/ $id / /") ;;
	container) containers="$containers $id" ;;
	network) networks="$networks $id" ;;
	esac
done
[ -z "${pids# }" ] || kill -9 $pids
[ -z "$containers" ] || docker rm -f -v $containers
[ -z "$networks" ] || docker network rm $networks
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
`

func newJanitor() (*janitor, error) {
	dir, err := os.MkdirTemp("", "kafka-cluster-")
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("sh", "-c", janitorScript, "janitor", dir)
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the janitor: %w", err)
	}
	return &janitor{dir: dir, pipe: w, cmd: cmd}, nil
}

// path is a file or directory that will be removed.
func (j *janitor) path(elem ...string) string {
	return filepath.Join(append([]string{j.dir}, elem...)...)
}

// note tells the janitor one line. It must come before the thing exists.
func (j *janitor) note(what, id string) error {
	_, err := io.WriteString(j.pipe, what+" "+id+"\n")
	return err
}

// close has everything cleaned, and waits for it.
func (j *janitor) close() error {
	return errors.Join(j.pipe.Close(), j.cmd.Wait())
}

// command prepares a process that tells the janitor of itself before it becomes what was asked for, so that no moment is left in
// which this program could die and leave it behind.
func (j *janitor) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", `echo "start $$" >&3; exec "$@" 3>&-`, "sh", name}, args...)...)
	cmd.ExtraFiles = []*os.File{j.pipe}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the program, which may want to stop the cluster itself
	return cmd
}
