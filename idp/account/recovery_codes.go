package account

import (
	"fmt"
	"net/http"

	"propusk/idp/pages"
)

type recoveryCodesView struct {
	frame
	Left    int            // codes that still work
	Secrets *pages.Secrets // the new ones, this once; nil = the form
}

// recoveryCodes says what the codes are and asks whether to make new ones.
func (s *Server) recoveryCodes(v *visit) error {
	left, err := s.deps.RecoveryCodes.Left(v.ctx(), v.Person.ID)
	if err != nil {
		return fmt.Errorf("count recovery codes: %w", err)
	}
	return v.page(http.StatusOK, "account_recovery_codes.html", "account.recovery", recoveryCodesView{frame: frame{v.notice()}, Left: left})
}

// makeRecoveryCodes makes ten codes in the place of those before and shows them
// in the answer itself: they have no address at which they could be seen again.
func (s *Server) makeRecoveryCodes(v *visit) error {
	codes, err := s.deps.RecoveryCodes.Make(v.ctx(), v.Person.ID)
	if err != nil {
		return fmt.Errorf("make recovery codes: %w", err)
	}
	return v.page(http.StatusOK, "account_recovery_codes.html", "account.recovery.made", recoveryCodesView{
		Left: len(codes),
		Secrets: &pages.Secrets{
			Values: codes, FileName: "propusk-recovery-codes.txt", Heading: v.t("account.recovery.file", "Name", v.house(), "Number", v.Person.Number),
		},
	})
}
