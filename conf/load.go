package conf

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Prefix begins the name of every environment variable that is a setting.
const Prefix = "PROPUSK_"

// Load reads the configuration: defaults, then the file at path (none when
// empty), then environ (as [os.Environ] gives it). It does not validate.
//
// A field that the file has and Config has not is an error, since it is a
// misspelling. Such a variable is only named in unknown: orchestrators put
// variables of their own (PROPUSK_SERVICE_HOST) into the environment.
func Load(path string, environ []string) (cfg Config, unknown []string, err error) {
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return Config{}, nil, fmt.Errorf("read the configuration file %s: %w", path, err)
		}
		if err := onlyKnown(k.Keys()); err != nil {
			return Config{}, nil, fmt.Errorf("the configuration file %s: %w", path, err)
		}
	}
	unknown, err = loadEnvironment(k, environ)
	if err != nil {
		return Config{}, nil, err
	}
	cfg = Default()
	if err := decode(k, &cfg); err != nil {
		return Config{}, nil, err
	}
	return cfg, unknown, nil
}

// Fields lists every setting by its path ("database.url"), in the order of
// Config.
func Fields() []string {
	return fields(reflect.TypeFor[Config](), "")
}

func fields(t reflect.Type, prefix string) []string {
	var out []string
	for f := range t.Fields() {
		path := prefix + f.Tag.Get("koanf")
		if f.Type.Kind() == reflect.Struct {
			out = append(out, fields(f.Type, path+".")...)
			continue
		}
		out = append(out, path)
	}
	return out
}

// Variable is the environment variable of a field: PROPUSK_DATABASE_URL for
// database.url.
func Variable(field string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(field, ".", "_"))
}

func onlyKnown(keys []string) error {
	known := Fields()
	var faults Faults
	for _, key := range keys {
		if !slices.Contains(known, key) {
			faults.add(key, "is not a setting; the example file lists them all")
		}
	}
	return faults.err()
}

func loadEnvironment(k *koanf.Koanf, environ []string) (unknown []string, err error) {
	names := map[string]string{}
	for _, f := range Fields() {
		names[Variable(f)] = f
	}
	provider := env.Provider(".", env.Opt{
		Prefix:      Prefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			field, ok := names[name]
			if !ok {
				if !strings.HasPrefix(name, Prefix+"TEST_") {
					unknown = append(unknown, name)
				}
				return "", nil
			}
			return field, value
		},
	})
	if err := k.Load(provider, nil); err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	slices.Sort(unknown)
	return unknown, nil
}

// decode writes what k holds over cfg. Every value that does not fit its field
// is named.
func decode(k *koanf.Koanf, cfg *Config) error {
	err := k.UnmarshalWithConf("", cfg, koanf.UnmarshalConf{
		Tag: "koanf",
		DecoderConfig: &mapstructure.DecoderConfig{
			Result:           cfg,
			TagName:          "koanf",
			WeaklyTypedInput: true,
			DecodeHook: mapstructure.ComposeDecodeHookFunc(
				bodiesHook,
				mapstructure.StringToTimeDurationHookFunc(),
				mapstructure.StringToSliceHookFunc(","),
			),
		},
	})
	return namedDecodeFaults(err)
}

// bodiesHook reads a list of bodies, from the file or as JSON from the environment.
// Like every other part of the configuration it has no place for misspelt fields.
func bodiesHook(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[[]Body]() {
		return value, nil
	}
	text, written := value.(string)
	if !written {
		given, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		text = string(given)
	}
	bodies := []Body{}
	if text == "" {
		return bodies, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	return bodies, dec.Decode(&bodies)
}

// namedDecodeFaults keeps the field and drops the value of a decoding fault:
// the value may be a secret written into the wrong field.
func namedDecodeFaults(err error) error {
	if err == nil {
		return nil
	}
	var faults Faults
	nameDecodeFaults(&faults, "(file)", err)
	return faults.err()
}

func nameDecodeFaults(faults *Faults, field string, err error) {
	if d, ok := err.(*mapstructure.DecodeError); ok { //nolint:errorlint // the tree is walked node by node
		field = d.Name()
	}
	switch e := err.(type) { //nolint:errorlint // the tree is walked node by node
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			nameDecodeFaults(faults, field, inner)
		}
		return
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			nameDecodeFaults(faults, field, inner)
			return
		}
	}
	faults.add(field, "does not have the form of its kind (see the example file)")
}
