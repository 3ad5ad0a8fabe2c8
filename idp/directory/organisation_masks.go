package directory

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDifferences bounds the changed fields that one entry of the journal names.
const maxDifferences = 12

// maskedDifferences says what changed between two states of a block, field by
// field, as "before → after" with personal data masked.
func maskedDifferences(before, after Block) map[string]string {
	was, is := flatten(before), flatten(after)
	details := map[string]string{}
	var more int
	for _, field := range fieldsOf(was, is) {
		if was[field] == is[field] {
			continue
		}
		if len(details) == maxDifferences {
			more++
			continue
		}
		details[detailName(field)] = MaskField(field, was[field]) + " → " + MaskField(field, is[field])
	}
	if more > 0 {
		details["more_fields"] = strconv.Itoa(more)
	}
	return details
}

// detailName is a field's name in the journal, which takes a bare code for a
// one-time one.
func detailName(field string) string {
	if at, ok := strings.CutSuffix(field, "/code"); ok {
		return at + "/tax_code"
	}
	return field
}

func fieldsOf(was, is map[string]string) []string {
	all := maps.Clone(was)
	maps.Copy(all, is)
	return slices.Sorted(maps.Keys(all))
}

// flatten names every value of a block: accounts/0/bic.
func flatten(b Block) map[string]string {
	var tree any
	if err := json.Unmarshal([]byte(EncodeBlock(b)), &tree); err != nil {
		panic(err) // our own encoding
	}
	flat := map[string]string{}
	flattenInto(flat, "", tree)
	return flat
}

func flattenInto(flat map[string]string, path string, value any) {
	below := func(name string) string { return strings.TrimPrefix(path+"/"+name, "/") }
	switch value := value.(type) {
	case map[string]any:
		for name, one := range value {
			flattenInto(flat, below(name), one)
		}
	case []any:
		for i, one := range value {
			flattenInto(flat, below(strconv.Itoa(i)), one)
		}
	case bool:
		flat[path] = strconv.FormatBool(value)
	case string:
		flat[path] = value
	}
}

// MaskField writes a value of a profile as the journal and notices may show it:
// names to their initials, phones, mailboxes, accounts and personal numbers to
// their ends. Numbers of a legal entity are public and stay.
func MaskField(field, value string) string {
	leaf := field[strings.LastIndexByte(field, '/')+1:]
	switch {
	case value == "":
		return "—"
	case leaf == "last_name" || leaf == "first_name" || leaf == "middle_name":
		initial, _ := utf8.DecodeRuneInString(value)
		return string(initial) + "."
	case leaf == "email":
		return maskMailbox(value)
	case leaf == "phone", leaf == "account", leaf == "correspondent_account", leaf == "inn" && len(value) == 12, leaf == "card":
		return "•••" + lastRunes(value, 4)
	}
	return value
}

func maskMailbox(s string) string {
	name, domain, _ := strings.Cut(s, "@")
	initial, _ := utf8.DecodeRuneInString(name)
	return string(initial) + "•••@" + domain
}

func lastRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[max(0, len(runes)-n):])
}
