# Varnish in front of Gatehouse: GATEHOUSE_CDN=varnish, and in GATEHOUSE_CDN_ADDRESSES where this
# Varnish listens. It needs the module xkey (Debian: varnish-modules). What bears which key, and how
# long it is kept: docs/cdn.md.
vcl 4.1;

import std;
import xkey;

# Where bin/serve listens. While it does not answer the probe, old pages are shown for up to a day.
backend gatehouse {
    .host = "127.0.0.1";
    .port = "8000";
    .probe = { .url = "/healthz"; .interval = 3s; .timeout = 2s; .window = 3; .threshold = 2; .initial = 2; }
}

# Who may purge: the machines on which Gatehouse runs.
acl gatehouse_hosts {
    "127.0.0.1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ gatehouse_hosts) {
            return (synth(403, "Not you"));
        }
        if (req.http.xkey-purge) {
            xkey.purge(req.http.xkey-purge);
        }
        if (req.http.xkey-softpurge) {
            xkey.softpurge(req.http.xkey-softpurge);
        }
        return (synth(200, "Purged"));
    }
    if (req.http.Authorization || req.http.Cookie) {
        return (pass);
    }
    # Installers spell the same wish in many ways; one copy is enough for all who like JSON best.
    if (req.url ~ "^/simple/" && req.http.Accept ~ "^application/vnd\.pypi\.simple\.(v1|latest)\+json\s*(,|$)") {
        set req.http.Accept = "application/vnd.pypi.simple.v1+json";
    }
    # stale-while-revalidate=600; stale-if-error=86400 is the grace of the object below.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 10m;
    }
}

sub vcl_backend_response {
    # An error never takes the place of a page that may be shown.
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
    if (beresp.http.Surrogate-Control ~ "max-age=\d+") {
        set beresp.ttl = std.duration(regsub(beresp.http.Surrogate-Control, ".*max-age=(\d+).*", "\1") + "s", 60s);
    }
    set beresp.grace = 1d;
}

sub vcl_deliver {
    unset resp.http.xkey;
    unset resp.http.Surrogate-Control;
    set resp.http.X-Cache-Status = "MISS";
    if (obj.hits > 0) {
        set resp.http.X-Cache-Status = "HIT";
    }
}
