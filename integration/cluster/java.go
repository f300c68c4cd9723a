package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Java runs a Java program with the jars of Kafka on its class path, and gives what it wrote to standard output. The program is a
// class, or a source file, for which a JDK is needed. No broker is started for it. A nil stdin is empty. It returns ErrUnavailable
// where there is no Java, or the jars can't be had.
func Java(ctx context.Context, stdin io.Reader, program string, args ...string) ([]byte, error) {
	d, err := openDist(ctx, os.Stderr)
	if err != nil {
		return nil, fmt.Errorf("kafka cluster: %w", err)
	}
	dir, err := os.MkdirTemp("", "kafka-java-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	_, logConfig, err := writeLogConfigs(dir)
	if err != nil {
		return nil, err
	}
	return d.run(ctx, logConfig, stdin, program, args...)
}
