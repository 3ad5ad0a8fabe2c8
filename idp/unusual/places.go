package unusual

import (
	"fmt"
	"net/netip"

	"github.com/oschwald/maxminddb-golang"
)

// Place is where an address lies, as far as the database knows.
type Place struct {
	Country             string  // ISO 3166-1 alpha-2; "" = not known
	City                string  // in English; "" = not known
	Latitude, Longitude float64 // degrees; both 0 = not known
}

// Name is the place for a person to read: "Kazan, RU", "RU" or "".
func (p Place) Name() string {
	if p.City == "" {
		return p.Country
	}
	return p.City + ", " + p.Country
}

// Places says where addresses lie. The nil *Places knows none.
type Places struct{ reader *maxminddb.Reader }

// OpenPlaces reads a database of the MaxMind format: GeoLite2-City, or one with
// countries only. It returns an error when the file cannot be read or is none.
func OpenPlaces(path string) (*Places, error) {
	reader, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("unusual: open the database of places: %w", err)
	}
	return &Places{reader: reader}, nil
}

// ReadPlaces is OpenPlaces for a database in memory.
func ReadPlaces(content []byte) (*Places, error) {
	reader, err := maxminddb.FromBytes(content)
	if err != nil {
		return nil, fmt.Errorf("unusual: read the database of places: %w", err)
	}
	return &Places{reader: reader}, nil
}

// Close gives the file back.
func (p *Places) Close() error {
	if p == nil {
		return nil
	}
	return p.reader.Close()
}

// Find is the place of an address; the zero Place when it is not known.
func (p *Places) Find(address netip.Addr) (Place, error) {
	if p == nil || !address.IsValid() {
		return Place{}, nil
	}
	var record struct {
		City struct {
			Names map[string]string `maxminddb:"names"`
		} `maxminddb:"city"`
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Location struct {
			Latitude  float64 `maxminddb:"latitude"`
			Longitude float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
	}
	if err := p.reader.Lookup(address.Unmap().AsSlice(), &record); err != nil {
		return Place{}, fmt.Errorf("unusual: find the place of an address: %w", err)
	}
	return Place{
		Country: record.Country.Code, City: record.City.Names["en"],
		Latitude: record.Location.Latitude, Longitude: record.Location.Longitude,
	}, nil
}
