package kafkaotel

import (
	"errors"
	"reflect"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/schema"
)

// The words of kafka.ErrorType that are looked for here.
const (
	classInvalid      = "invalid_message"
	classTooLarge     = "batch_too_large"
	classPanic        = "panic"
	classBufferFull   = "buffer_full"
	classDisconnected = "disconnected"
	classOther        = "other"
)

// classOf is the error.type of an error: kafka.ErrorType's word, that of the first error of a batch, or where there is none a type of Go's.
// It is never a text that could hold payload, and empty for nil.
func classOf(err error) string {
	class := kafka.ErrorType(err)
	var batch *kafka.BatchError
	switch {
	case class != classPanic && errors.As(err, &batch) && len(batch.Unwrap()) > 0:
		return classOf(batch.Unwrap()[0])
	case class == classOther:
		return semconv.ErrorType(bare(err)).Value.AsString()
	}
	return class
}

// bare is what stands below the wrappers of package kafka, such as Permanent's, whose types say nothing of an error.
func bare(err error) error {
	ours := reflect.TypeFor[kafka.Config]().PkgPath()
	for {
		t := reflect.TypeOf(err)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		inner := errors.Unwrap(err)
		if inner == nil || t.PkgPath() != ours && t.PkgPath() != "fmt" {
			return err
		}
		err = inner
	}
}

// tellable is the text of a handler's error that holds no payload; empty where nobody can tell.
func tellable(err error) string {
	var panicked *kafka.PanicError
	var invalid *schema.ValidationError
	switch {
	case errors.As(err, &panicked):
		return panicked.Error()
	case errors.As(err, &invalid):
		return invalid.Error()
	}
	return ""
}
