package organisation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// mergePatch applies a JSON merge patch (RFC 7396) to the struct that target
// points to: absent members stay, null empties, objects merge, lists and values
// replace. Unknown names and wrong types are faults below at, all told at once.
// It leaves target as it was when there are any.
func mergePatch(target any, patch json.RawMessage, at string) []api.FieldFault {
	var changes any
	if err := json.Unmarshal(patch, &changes); err != nil {
		return []api.FieldFault{{Pointer: at, Code: "invalid"}}
	}
	t := reflect.TypeOf(target).Elem()
	if faults := misfits(changes, t, at); faults != nil {
		return faults
	}
	var now any
	if err := json.Unmarshal(mustEncode(target), &now); err != nil {
		panic(err) // our own encoding
	}
	merged := reflect.New(t)
	if err := json.Unmarshal(mustEncode(merge(now, changes)), merged.Interface()); err != nil {
		return []api.FieldFault{{Pointer: at, Code: "invalid"}}
	}
	reflect.ValueOf(target).Elem().Set(merged.Elem())
	return nil
}

// merge is MergePatch of RFC 7396 §2.
func merge(target, patch any) any {
	changes, object := patch.(map[string]any)
	if !object {
		return patch
	}
	into, object := target.(map[string]any)
	if !object {
		into = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(into, name)
		} else {
			into[name] = merge(into[name], value)
		}
	}
	return into
}

// misfits names what in a patch has no place in a type. The case of names matters.
func misfits(value any, t reflect.Type, at string) []api.FieldFault {
	wrong := func(expected string) []api.FieldFault {
		return []api.FieldFault{{Pointer: at, Code: "type", Args: map[string]string{"expected": expected}}}
	}
	switch t.Kind() {
	case reflect.Struct:
		members, ok := value.(map[string]any)
		if !ok {
			return wrong("object")
		}
		return misfitMembers(members, t, at)
	case reflect.Slice:
		items, ok := value.([]any)
		if !ok {
			return wrong("array")
		}
		var faults []api.FieldFault
		for i, item := range items {
			faults = append(faults, misfits(item, t.Elem(), at+"/"+strconv.Itoa(i))...)
		}
		return faults
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			return wrong("boolean")
		}
	default:
		if _, ok := value.(string); !ok {
			return wrong("string")
		}
	}
	return nil
}

func misfitMembers(members map[string]any, t reflect.Type, at string) (faults []api.FieldFault) {
	types := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		types[t.Field(i).Tag.Get("json")] = t.Field(i).Type
	}
	for name, value := range members {
		of, known := types[name]
		switch {
		case !known:
			faults = append(faults, api.FieldFault{Pointer: at + api.Pointer(name), Code: "unknown"})
		case value != nil: // null empties
			faults = append(faults, misfits(value, of, at+"/"+name)...)
		}
	}
	return faults
}

func mustEncode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("organisation: not JSON: %v", err)) // texts, lists and flags only
	}
	return text
}

// fieldFaults are the directory's findings as pointers below a place in the body.
func fieldFaults(err error, at string) []api.FieldFault {
	all, ok := errors.AsType[directory.FieldErrors](err)
	if !ok {
		return nil
	}
	faults := make([]api.FieldFault, len(all))
	for i, fault := range all {
		faults[i] = api.FieldFault{Pointer: at + "/" + fault.Field, Code: fault.Code}
	}
	return faults
}

// without leaves out the faults of one code.
func without(faults []api.FieldFault, code string) (kept []api.FieldFault) {
	for _, fault := range faults {
		if fault.Code != code {
			kept = append(kept, fault)
		}
	}
	return kept
}

// equalJSON reports whether two values are written alike.
func equalJSON(a, b any) bool { return bytes.Equal(mustEncode(a), mustEncode(b)) }
