package client

import "testing"

const exchangeDN = `CN=Обмен,O=ООО «Ромашка»\, филиал,C=RU`

func FuzzDistinguishedName(f *testing.F) {
	for _, seed := range []string{exchangeDN, `CN=a+OU=b,O=\ x\ `, `1.2.3=\41`, `CN=`, `=`, `CN=a,`, `CN="a"`, `CN=#04024869`, `C=\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := parseName(text)
		if err != nil {
			return
		}
		for _, element := range name {
			for _, a := range element {
				if a.value == "" || a.kind == "" {
					t.Errorf("%q gave an empty attribute: %v", text, name)
				}
			}
		}
	})
}
