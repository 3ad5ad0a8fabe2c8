package desk

// Issuer is the issuer's identifier, which is also where the API stands for programs.
func (v *Visit) Issuer() string { return v.d.deps.Issuer }
