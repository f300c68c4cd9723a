// Package seam lets the root package use what a schema keeps to itself, without an exported name for it.
package seam

import (
	"sync"

	"github.com/typedkafka/kafka/internal/plan"
)

// Inside is what a schema keeps for the root package.
type Inside struct {
	Plan *plan.Plan
	// Memo is what the root package has worked out for the schema, by Go type. It lives as long as the schema does.
	Memo sync.Map
}

// Of returns the inside of a *schema.Schema that was compiled. Package schema sets it when it is loaded.
var Of func(schema any) *Inside
