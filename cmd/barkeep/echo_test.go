package main_test

import (
	"bufio"
	bigendian "encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// echoes are the addresses of servers that say back, in their errors, what they were sent.
type echoes struct{ postgres, redis, http, garbage string }

// listen answers each connection by handle until the test ends.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				handle(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// echoPostgres asks for the password in clear text, and quotes it in its refusal.
func echoPostgres(t *testing.T) string {
	return listen(t, func(conn net.Conn) {
		for {
			head := make([]byte, 8) // length, then a version or a request for TLS
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			if bigendian.BigEndian.Uint32(head[4:]) == 80877103 {
				_, _ = conn.Write([]byte("N"))
				continue
			}
			if _, err := io.CopyN(io.Discard, conn, int64(bigendian.BigEndian.Uint32(head))-8); err != nil {
				return
			}
			break
		}
		_, _ = conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3})
		head := make([]byte, 5)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		password := make([]byte, bigendian.BigEndian.Uint32(head[1:])-4)
		_, _ = io.ReadFull(conn, password)
		said := "SFATAL\x00VFATAL\x00C28P01\x00Mno user has the password \"" + strings.TrimRight(string(password), "\x00") + "\"\x00\x00"
		message := append([]byte{'E'}, bigendian.BigEndian.AppendUint32(nil, uint32(len(said)+4))...)
		_, _ = conn.Write(append(message, said...))
	})
}

// echoRedis answers each word that it is sent with an error that quotes it.
func echoRedis(t *testing.T) string {
	return listen(t, func(conn net.Conn) {
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			count, words := 0, []string{}
			if _, err := fmt.Sscanf(lines.Text(), "*%d", &count); err != nil {
				return
			}
			for range count {
				lines.Scan() // the length
				lines.Scan()
				words = append(words, lines.Text())
			}
			if _, err := fmt.Fprintf(conn, "-ERR not understood: %s\r\n", strings.Join(words, " ")); err != nil {
				return
			}
		}
	})
}

// echoHTTP refuses every request with what it held.
func echoHTTP(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		http.Error(w, fmt.Sprintf("not for %s %s %s %s", user, password, r.Header.Get("Authorization"), r.URL), http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// echoGarbage speaks no protocol: it sends back the bytes that it gets.
func echoGarbage(t *testing.T) string {
	return listen(t, func(conn net.Conn) { _, _ = io.CopyN(conn, conn, 1<<16) })
}
