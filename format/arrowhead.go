package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
)

// mostHead is how many bytes the schema of a stream may have.
const mostHead = 1 << 20

// errHead tells of a schema that is damaged.
var errHead = errors.New("its schema is damaged")

// checkHead looks at the first message of a stream, its schema, before the library does: that makes room for as many fields and
// facts as the message says there are, of which a damaged one may say four billion. Columns of this package have no children and
// no dictionaries. Offsets that lead out of the message panic, which Read recovers from.
func checkHead(from File, size int64) error {
	var head [8]byte
	if _, err := from.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("%w: %w", errHead, err)
	}
	length := int64(binary.LittleEndian.Uint32(head[4:]))
	if binary.LittleEndian.Uint32(head[:]) != 0xffffffff || length < 4 || length > min(mostHead, size) {
		return errHead
	}
	message := make([]byte, length)
	if _, err := from.ReadAt(message, int64(len(head))); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", errHead, err)
	}
	root := flatbuffers.Table{Bytes: message, Pos: flatbuffers.GetUOffsetT(message)}
	var schema flatbuffers.Table
	if at := flatbuffers.UOffsetT(root.Offset(messageHeader)); at != 0 {
		root.Union(&schema, at)
	}
	if schema.Bytes == nil {
		return errHead
	}
	fields, ok := vector(schema, schemaFields)
	if _, facts := vector(schema, schemaFacts); !ok || !facts {
		return errHead
	}
	for i := range fields.length {
		field := flatbuffers.Table{Bytes: message, Pos: schema.Indirect(fields.start + 4*flatbuffers.UOffsetT(i))}
		children, _ := vector(field, fieldChildren)
		_, facts := vector(field, fieldFacts)
		if children.length > 0 || !facts || field.Offset(fieldDictionary) != 0 {
			return errHead
		}
	}
	return nil
}

// Where Message.fbs and Schema.fbs of Arrow's format have the values that are looked at: 4 and two for each value before it.
const (
	messageHeader   = 8
	schemaFields    = 6
	schemaFacts     = 8
	fieldDictionary = 12
	fieldChildren   = 14
	fieldFacts      = 16
)

// offsets are a vector of offsets.
type offsets struct {
	start  flatbuffers.UOffsetT
	length int
}

// vector finds one; false where it has more offsets than there is room for.
func vector(in flatbuffers.Table, value flatbuffers.VOffsetT) (offsets, bool) {
	at := flatbuffers.UOffsetT(in.Offset(value))
	if at == 0 {
		return offsets{}, true
	}
	all := offsets{in.Vector(at), in.VectorLen(at)}
	return all, int(all.start)+4*all.length <= len(in.Bytes)
}
