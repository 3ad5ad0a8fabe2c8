package conf

import "time"

// Default starts one node on loopback with an SQLite file in the working
// folder, and nothing else installed.
func Default() Config {
	return Config{
		Issuer:   "http://localhost:8080",
		Listen:   "127.0.0.1:8080",
		Database: Database{URL: "sqlite:propusk.db", Migrate: true},
		Blob:     Blob{ScanTimeout: time.Minute, Archive: 200, Quota: 20 << 10, Recheck: 7 * 24 * time.Hour},
		TLS:      TLS{MinVersion: "1.3"},
		HTTP: HTTP{
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       30 * time.Second,
			WriteTimeout:      60 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ShutdownTimeout:   20 * time.Second,
			MaxHeaderBytes:    32 << 10,
			TrustedProxies:    []string{},
		},
		Log: Log{Level: "info", Format: "json"},
		Tokens: Tokens{
			Code:         60 * time.Second,
			AccessToken:  10 * time.Minute,
			IDToken:      10 * time.Minute,
			RefreshToken: 30 * 24 * time.Hour,
			RefreshGrace: 30 * time.Second,
		},
		Keys:     Keys{Overlap: 24 * time.Hour, Rotate: 90 * 24 * time.Hour, PKCS11: PKCS11{Sessions: 8}},
		Session:  Session{Idle: 30 * time.Minute, Absolute: 12 * time.Hour},
		Password: Password{Memory: 19 << 10, Time: 2, Parallelism: 1, Apart: true},
		Lock:     Lock{Failures: 3, Further: 5, First: 15 * time.Minute, Longest: 24 * time.Hour},
		Passkeys: Passkeys{Attestation: "none", Permitted: []string{}, Prohibited: []string{}},
		SignIn:   SignIn{TrustedDevice: 30 * 24 * time.Hour},
		Limits:   Limits{PerClient: 600, PerOrganisation: 6000, OperatorLooks: 60, PushedRequests: 3000, BackchannelRequests: 300},
		Clients:  Clients{Reach: []string{}, Registration: "token", OpenHosts: []string{}, Publishers: []Publisher{}},
		Mail:     Mail{Port: 587, TLS: "starttls"},
		Jobs:     Jobs{Workers: 4, Poll: time.Second},
		Runtime:  Runtime{GCPercent: 400},

		Signature: Signature{MinimumClass: "КС1"},
		Seal:      Seal{Name: "Пропуск"},
		Authority: Authority{Bodies: []Body{}},
		Payments:  Payments{Keys: []string{}, Pages: []string{}},

		InvitationLifetime: 7 * 24 * time.Hour,
	}
}
