// Package seam lets the root package use what a schema keeps to itself, without an exported name for it.
package seam

import "github.com/typedkafka/kafka/internal/plan"

// PlanOf returns the plan of a *schema.Schema, nil for a nil one. Package schema sets it when it is loaded.
var PlanOf func(schema any) *plan.Plan
