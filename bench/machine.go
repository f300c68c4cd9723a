package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// describe says under what conditions a run was made, for whoever compares it with another. It is called before anything runs.
func describe(kind string, s settings) string {
	where := "An embedded broker (kfake) in a process of its own"
	if kind == "kafka" {
		where = "A real Apache Kafka beside the contenders on the same machine" // where -brokers says so, as cmd/withkafka does
	}
	return fmt.Sprintf("%s. %d rounds of at most %s for each measurement, %s. %s %s/%s, %d cores%s%s.\n\n%s.",
		where, s.rounds, s.budget, time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		prefixed(" of ", processor()), prefixed("; load average before the run: ", load()), versions())
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// processor is the model's name, where Linux tells it.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// load is how busy the machine was in the last minute.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}

// versions are those of the libraries that take part.
func versions() string {
	var out []string
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "versions unknown"
	}
	for _, want := range []string{
		"github.com/twmb/franz-go", "github.com/confluentinc/confluent-kafka-go/v2", "github.com/IBM/sarama", "github.com/segmentio/kafka-go",
		"github.com/ThreeDotsLabs/watermill-kafka/v3", "github.com/santhosh-tekuri/jsonschema/v5", "github.com/go-json-experiment/json",
	} {
		for _, dep := range info.Deps {
			if dep.Path == want {
				out = append(out, strings.TrimPrefix(dep.Path, "github.com/")+" "+dep.Version)
			}
		}
	}
	return strings.Join(out, ", ")
}
