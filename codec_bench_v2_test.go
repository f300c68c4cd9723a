//go:build goexperiment.jsonv2

package kafka_test

import jsonv2 "encoding/json/v2"

func rowsOfV2[T any](raw []byte, v *T) []benchmarkRow {
	return []benchmarkRow{
		{"encode/jsonv2", func() error { _, err := jsonv2.Marshal(v); return err }},
		{"decode/jsonv2", func() error { var v T; return jsonv2.Unmarshal(raw, &v) }},
	}
}
