package idp

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/pages"
)

// The pages of backchannel authentication (CIBA): what waits for the decision of
// the person who is signed in. The message that told of it leads to one request;
// the list is for who lost the message.

// backchannel takes an application's request for a person (CIBA §7).
func (s *Server) backchannel(c echo.Context) error {
	return s.authenticated(c, s.deps.Provider.BackchannelAuthentication)
}

// confirmationRow is one request of the list.
type confirmationRow struct {
	URL, ClientName, BindingMessage string
	At, Until                       time.Time
}

type confirmationsView struct {
	PersonName string
	Rows       []confirmationRow
}

// confirmations lists what waits for the person. Who is not signed in is asked to.
func (s *Server) confirmations(c echo.Context) error {
	here, signedIn, err := s.face.Here(c)
	if err != nil {
		return err
	}
	if !signedIn {
		return browser.SeeOther(c, browser.SignInFirst(oauth.ConfirmationsPath, "", 0))
	}
	waiting, err := s.deps.Provider.WaitingFor(c.Request().Context(), here.Person.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(waiting, func(a, b *oauth.Waiting) int { return int(b.CreatedAt - a.CreatedAt) })
	view, lang := confirmationsView{PersonName: here.Person.FullName()}, pages.Language(c.Request())
	for _, w := range waiting {
		name := w.Request.ClientName
		if lang == "en" && w.Request.ClientNameEN != "" {
			name = w.Request.ClientNameEN
		}
		view.Rows = append(view.Rows, confirmationRow{
			URL: oauth.ConfirmationsPath + "/" + w.ID, ClientName: name, BindingMessage: w.BindingMessage,
			At: w.CreatedAt.Time(), Until: w.ExpiresAt.Time(),
		})
	}
	return s.face.Render(c, http.StatusOK, pages.Custom{Template: "confirmations.html", Title: "confirmations.title", Data: view})
}

// confirmation begins the sign-in that ends with a decision about one request.
// Somebody else than the person it is for is told what an unknown one is told; who
// is not signed in signs in first.
func (s *Server) confirmation(c echo.Context) error {
	path := oauth.ConfirmationsPath + "/" + c.Param("id")
	here, signedIn, err := s.face.Here(c)
	if err != nil {
		return err
	}
	if !signedIn {
		if !local(path) {
			return oauth.ErrWaitingOver
		}
		return browser.SeeOther(c, browser.SignInFirst(path, "", 0))
	}
	w, err := s.deps.Provider.WaitingOf(c.Request().Context(), here.Person.ID, c.Param("id"))
	if err != nil {
		return err
	}
	return s.beginWaiting(c, w)
}
