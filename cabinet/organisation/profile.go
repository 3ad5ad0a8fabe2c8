package organisation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// blockView is a block of the profile, or one of its versions.
type blockView struct {
	Block     directory.BlockName `json:"block"`
	Title     string              `json:"title"`
	Version   int64               `json:"version"` // 0: never changed by itself
	ETag      string              `json:"etag"`    // for If-Match of its PATCH
	Body      directory.Block     `json:"body"`
	ChangedBy string              `json:"changed_by"`
	How       string              `json:"changed_how"`
	ChangedAt storage.Time        `json:"changed_at"`
	Complete  bool                `json:"complete"` // everything mandatory is there and right
	Actions   []api.Action        `json:"actions"`
}

// blockETag names the state of a block: what the organisation's own record holds
// of it can change past its versions.
func blockETag(p directory.Profile, name directory.BlockName) string {
	s := p.States[name]
	if name == directory.BlockRequisites || name == directory.BlockContacts {
		return api.EntityTag(s.Version, storage.Time(p.Organisation.Version), s.ChangedAt)
	}
	return api.EntityTag(s.Version, s.ChangedAt)
}

func (o *Organisations) blockView(c api.Call, p directory.Profile, name directory.BlockName) (blockView, error) {
	s := p.States[name]
	actions, err := c.Actions(api.ActOf("change", o.route("PATCH", "/v1/organization/profile/{block}")))
	if err != nil {
		return blockView{}, err
	}
	return blockView{
		Block: name, Title: blockNames[string(name)].in(c.Lang()), Version: s.Version, ETag: blockETag(p, name), Body: s.Block,
		ChangedBy: s.ChangedBy, How: s.How, ChangedAt: s.ChangedAt, Complete: complete(p, name), Actions: actions,
	}, nil
}

// route is one of the room's own.
func (o *Organisations) route(method, path string) api.Route {
	for _, r := range o.own {
		if r.Method == method && r.Path == path {
			return r
		}
	}
	panic("organisation: no route " + method + " " + path)
}

// complete reports whether a block holds all that is mandatory in it.
func complete(p directory.Profile, name directory.BlockName) bool {
	b, err := directory.DecodeBlock(name, directory.EncodeBlock(p.States[name].Block))
	return err == nil && directory.CheckBlock(p.Organisation.Kind, b) == nil
}

// mandatory are the blocks without which a profile is not active (row 113).
var mandatory = []directory.BlockName{directory.BlockRequisites, directory.BlockContacts}

// profile answers GET /v1/organization/profile: all blocks.
func (o *Organisations) profile(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	p, err := o.Directory.Profile(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	activated, err := o.activatedAt(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	views := []blockView{}
	for _, name := range directory.BlockNames() {
		v, err := o.blockView(c, p, name)
		if err != nil {
			return err
		}
		views = append(views, v)
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{
		"kind": p.Organisation.Kind, "activated_at": activated, "blocks": views,
		"legal_forms": directory.LegalForms(p.Organisation.Kind), "regime_codes": directory.TaxRegimeCodes(),
	})
}

// blockNamed reads the block's name in the path.
func blockNamed(c api.Call) (directory.BlockName, error) {
	name := directory.BlockName(c.Param("block"))
	if !name.Valid() {
		return "", api.Refuse("not_found")
	}
	return name, nil
}

// profileBlock answers GET /v1/organization/profile/{block}.
func (o *Organisations) profileBlock(c api.Call) error {
	name, err := blockNamed(c)
	if err != nil {
		return err
	}
	p, err := o.Directory.Profile(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	v, err := o.blockView(c, p, name)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, v.ETag, v)
}

// versionView is a state that a block has had.
type versionView struct {
	Block     directory.BlockName `json:"block"`
	Version   int64               `json:"version"`
	Body      directory.Block     `json:"body"`
	ChangedBy string              `json:"changed_by"`
	Name      string              `json:"changed_by_name"` // as the person is called today
	How       string              `json:"changed_how"`
	ChangedAt storage.Time        `json:"changed_at"`
}

func (o *Organisations) viewVersion(ctx context.Context, s directory.BlockState) (versionView, error) {
	name, err := o.nameOf(ctx, s.ChangedBy)
	return versionView{s.Block.BlockName(), s.Version, s.Block, s.ChangedBy, name, s.How, s.ChangedAt}, err
}

// versions answers GET /v1/organization/profile/{block}/versions, the latest first.
func (o *Organisations) versions(c api.Call) error {
	name, err := blockNamed(c)
	if err != nil {
		return err
	}
	q := c.Query("below", "limit")
	below, limit := q.Number("below", 1, 1<<53, 0), q.Number("limit", 1, api.MaxPage, api.DefaultPage)
	if err := q.Err(); err != nil {
		return err
	}
	states, err := o.Directory.BlockVersions(c.Ctx(), c.Organisation(), name, below, int(limit)+1)
	if err != nil {
		return err
	}
	next := ""
	if len(states) > int(limit) {
		states = states[:limit]
		next = strconv.FormatInt(states[limit-1].Version, 10)
	}
	views := make([]versionView, len(states))
	for i, s := range states {
		if views[i], err = o.viewVersion(c.Ctx(), s); err != nil {
			return err
		}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"versions": views, "next": next})
}

// versionNamed is the version in the path.
func (o *Organisations) versionNamed(c api.Call) (directory.BlockState, error) {
	name, err := blockNamed(c)
	if err != nil {
		return directory.BlockState{}, err
	}
	number, err := strconv.ParseInt(c.Param("version"), 10, 64)
	if err != nil || number < 1 {
		return directory.BlockState{}, api.Refuse("not_found")
	}
	s, err := o.Directory.BlockVersion(c.Ctx(), c.Organisation(), name, number)
	if err != nil {
		return s, api.DirectoryRefusal(err)
	}
	return s, nil
}

// version answers GET /v1/organization/profile/{block}/versions/{version}.
func (o *Organisations) version(c api.Call) error {
	s, err := o.versionNamed(c)
	if err != nil {
		return err
	}
	v, err := o.viewVersion(c.Ctx(), s)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", v)
}

// proposeChange answers PATCH /v1/organization/profile/{block}: what it becomes
// waits for a code or a signature.
func (o *Organisations) proposeChange(c api.Call) error {
	name, err := blockNamed(c)
	if err != nil {
		return err
	}
	patch, err := readBlockPatch(c, name)
	if err != nil {
		return err
	}
	p, err := o.Directory.Profile(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	if err := c.Matches(blockETag(p, name)); err != nil {
		return err
	}
	after, err := directory.DecodeBlock(name, directory.EncodeBlock(p.States[name].Block))
	if err != nil {
		return err
	}
	if err := api.Invalid(mergePatch(after, patch, "")...); err != nil {
		return err
	}
	return o.propose(c, p, after, 0)
}

// readBlockPatch reads the body as the members of the block, each as it stands.
func readBlockPatch(c api.Call, name directory.BlockName) (json.RawMessage, error) {
	block := reflect.TypeOf(directory.NewBlock(name)).Elem()
	fields := make([]reflect.StructField, block.NumField())
	for i := range fields {
		fields[i] = reflect.StructField{
			Name: block.Field(i).Name, Type: reflect.TypeFor[json.RawMessage](), Tag: block.Field(i).Tag,
		}
	}
	body := reflect.New(reflect.StructOf(fields))
	if err := api.ReadPatch(c, body.Interface()); err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	for i := range fields {
		if value := body.Elem().Field(i).Bytes(); value != nil {
			members[fields[i].Tag.Get("json")] = value
		}
	}
	return mustEncode(members), nil
}

// restoreVersion answers POST …/versions/{version}/restore: a change back to it,
// which is confirmed as any other.
func (o *Organisations) restoreVersion(c api.Call) error {
	s, err := o.versionNamed(c)
	if err != nil {
		return err
	}
	p, err := o.Directory.Profile(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return o.propose(c, p, s.Block, s.Version)
}

func (o *Organisations) activatedAt(ctx context.Context, organisationID string) (storage.Time, error) {
	var at []storage.Time
	err := o.DB.Select(ctx, &at, `SELECT activated_at FROM organisation_activations WHERE organisation_id = $1`, organisationID)
	if err != nil || len(at) == 0 {
		return 0, err
	}
	return at[0], nil
}

// activate notes that the mandatory blocks are complete, once, and says so (rows
// 126, 298). It runs in the transaction that completes them.
func (o *Organisations) activate(ctx context.Context, organisationID string) error {
	p, err := o.Directory.Profile(ctx, organisationID)
	if err != nil {
		return err
	}
	for _, name := range mandatory {
		if !complete(p, name) {
			return nil
		}
	}
	n, err := o.DB.Exec(ctx, `INSERT INTO organisation_activations (organisation_id, activated_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		organisationID, o.time())
	if err != nil {
		return fmt.Errorf("organisation: activate: %w", err)
	}
	if n == 0 {
		return nil
	}
	if err := o.record(ctx, directory.Actor{}, organisationID, "organisation.activated", organisationID, nil); err != nil {
		return err
	}
	return o.Tell(ctx, notice.Event{
		ID: "organisation/" + organisationID + "/activated", Type: "organization.activated", OrganisationID: organisationID,
		Category: notice.Organisation, Permission: directory.OrganizationRead,
		Texts: activatedTexts.with("{organisation}", p.Organisation.Name).notice(), Path: "/cabinet/organization",
	})
}
