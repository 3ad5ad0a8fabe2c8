package unusual

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"propusk/idp/pages"
	"propusk/storage"
)

// Deps is what a Watch stands on. DB is needed.
type Deps struct {
	DB     *storage.DB
	Places *Places // nil = nobody knows where an address lies
	// AnyDevice: a device never seen is nothing unusual. Dangerous: a password
	// that was found out is then good anywhere in the person's country.
	AnyDevice bool
}

// Watch compares sign-ins with those of before.
type Watch struct{ Deps }

// New checks the dependencies.
func New(deps Deps) (*Watch, error) {
	if deps.DB == nil {
		return nil, errors.New("unusual: DB is needed")
	}
	return &Watch{deps}, nil
}

// SignIn is one that has just been begun.
type SignIn struct {
	PersonID string
	Known    bool // the device has signed this person in before
	First    bool // no device has: there is nothing to compare with
	Place    Place
	At       storage.Time
}

// Travel faster than this, over more than this, is nobody's: an aeroplane with
// its way to the airport, and what databases of places are wrong by.
const (
	fastest = 900.0 // km/h
	nearby  = 300.0 // km
)

// Find is the place of an address; what cannot be looked up is not known.
func (w *Watch) Find(address netip.Addr) (Place, error) { return w.Places.Find(address) }

// Reasons names what is unusual, as pages.Unusual…; none for a first sign-in.
func (w *Watch) Reasons(ctx context.Context, s SignIn) (reasons []string, err error) {
	if s.First {
		return nil, nil
	}
	if !s.Known && !w.AnyDevice {
		reasons = append(reasons, pages.UnusualDevice)
	}
	seen, err := w.seen(ctx, s.PersonID)
	if err != nil || s.Place.Country == "" || len(seen) == 0 {
		return reasons, err
	}
	if !slices.ContainsFunc(seen, func(v visit) bool { return v.Country == s.Place.Country }) {
		reasons = append(reasons, pages.UnusualCountry)
	}
	if seen[0].impossible(s.Place, s.At) {
		reasons = append(reasons, pages.UnusualTravel)
	}
	return reasons, nil
}

// visit is the last sign-in of a person from a country.
type visit struct {
	Country   string       `db:"country"`
	Latitude  int64        `db:"latitude"`  // degrees times a million
	Longitude int64        `db:"longitude"` // degrees times a million
	SeenAt    storage.Time `db:"seen_at"`
}

const micro = 1e6

// seen are the person's visits, the latest first.
func (w *Watch) seen(ctx context.Context, personID string) ([]visit, error) {
	var list []visit
	err := w.DB.Select(ctx, &list, `select country, latitude, longitude, seen_at from signin_places
		where person_id = $1 order by seen_at desc, country`, personID)
	if err != nil {
		return nil, fmt.Errorf("unusual: list places: %w", err)
	}
	return list, nil
}

// Remember keeps where a sign-in that was completed came from.
func (w *Watch) Remember(ctx context.Context, s SignIn) error {
	if s.Place.Country == "" {
		return nil
	}
	_, err := w.DB.Exec(ctx, `insert into signin_places (person_id, country, latitude, longitude, seen_at) values ($1, $2, $3, $4, $5)
		on conflict (person_id, country) do update set latitude = excluded.latitude, longitude = excluded.longitude, seen_at = excluded.seen_at`,
		s.PersonID, s.Place.Country, int64(s.Place.Latitude*micro), int64(s.Place.Longitude*micro), s.At)
	if err != nil {
		return fmt.Errorf("unusual: remember place: %w", err)
	}
	return nil
}

// impossible tells that nobody gets from the visit to the place in the time
// between. A place without coordinates is nowhere, and near everything.
func (v visit) impossible(to Place, at storage.Time) bool {
	if v.Latitude == 0 && v.Longitude == 0 || to.Latitude == 0 && to.Longitude == 0 {
		return false
	}
	far := distance(float64(v.Latitude)/micro, float64(v.Longitude)/micro, to.Latitude, to.Longitude)
	hours := max(at.Sub(v.SeenAt), time.Minute).Hours()
	return far > nearby && far/hours > fastest
}

// distance is the way over the globe in km (haversine), between degrees.
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	const radius = 6371.0
	rad := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	a := math.Pow(math.Sin(rad(lat2-lat1)/2), 2) +
		math.Cos(rad(lat1))*math.Cos(rad(lat2))*math.Pow(math.Sin(rad(lon2-lon1)/2), 2)
	return 2 * radius * math.Asin(math.Min(1, math.Sqrt(a)))
}
