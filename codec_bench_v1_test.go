//go:build !goexperiment.jsonv2

package kafka_test

func rowsOfV2[T any]([]byte, *T) []benchmarkRow { return nil }
