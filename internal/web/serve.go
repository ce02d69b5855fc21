package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Server is one listening address. Listen and Serve are two steps, so that a taken port is told before anything is read.
type Server struct {
	listener net.Listener
	http     *http.Server
	config   string
	logger   *slog.Logger
}

// Listen opens address ("host:port"; port 0 picks one). webConfig is the path of a Prometheus exporter-toolkit file
// (TLS, basic auth), "" for plain HTTP; a mistake in it is an error here.
func Listen(address, webConfig string, handler http.Handler, logger *slog.Logger) (*Server, error) {
	if err := toolkit.Validate(webConfig); err != nil {
		return nil, fmt.Errorf("web_config_file %s: %w", webConfig, err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return &Server{
		listener: l,
		config:   webConfig,
		logger:   logger,
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 10 * time.Second, // a client that never ends its headers must not hold a descriptor for ever
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		},
	}, nil
}

// Addr is the address that was really opened.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Secured says whether the web configuration asks for TLS or a password.
func (s *Server) Secured() bool { return s.config != "" }

// Serve answers until Close or Shutdown; then it returns nil.
func (s *Server) Serve() error {
	none := []string{}
	systemd := false
	flags := &toolkit.FlagConfig{WebListenAddresses: &none, WebSystemdSocket: &systemd, WebConfigFile: &s.config}
	// The toolkit announces each listener at level info; the daemon has already said it once, in its own words.
	quiet := slog.New(atLeast{s.logger.Handler(), slog.LevelWarn})
	err := toolkit.Serve(s.listener, s.http, flags, quiet)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown lets running answers end until ctx does, then cuts them off.
func (s *Server) Shutdown(ctx context.Context) {
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // what is still open has had its time
	}
	_ = s.listener.Close() // Shutdown knows the listener only once Serve runs
}

// atLeast drops records below a level.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}
