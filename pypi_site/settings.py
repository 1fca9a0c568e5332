"""Every setting of Gatehouse, read from the environment and described in docs/configuration.md.

A test fails when a setting is read here and not described there.
"""

from __future__ import annotations

import socket
from email.utils import parseaddr
from pathlib import Path

import environ

from pypi_site import sign_in
from pypi_site.lib import content_security, secret_key

env = environ.Env()
MIB = 1024 * 1024
DAY = 24 * 3600
BASE_DIR = Path(__file__).resolve().parent.parent

# -- Where state lies ------------------------------------------------------------------------

DATA_DIR = Path(env.str("GATEHOUSE_DATA", default=str(BASE_DIR / "var"))).absolute()
INCOMING_DIR = DATA_DIR / "incoming"  # uploads while they arrive; same file system as the blobs
SECRET_KEY = env.str("GATEHOUSE_SECRET_KEY", default="") or secret_key.kept_in(DATA_DIR)
SECRET_KEY_FALLBACKS = env.list("GATEHOUSE_OLD_SECRET_KEYS", default=[])
DEBUG = env.bool("GATEHOUSE_DEBUG", default=False)

# -- Where we are ----------------------------------------------------------------------------

SITE_NAME = env.str("GATEHOUSE_SITE_NAME", default="Gatehouse")
# The address that people use, for e-mails and wherever no request is at hand.
SITE_URL: str = env.str("GATEHOUSE_URL", default="http://127.0.0.1:8000").rstrip("/")
HTTPS = SITE_URL.startswith("https://")
_HERE = ["localhost", "127.0.0.1", "[::1]", socket.gethostname(), socket.getfqdn()]
_SITE_HOST = environ.urlparse(SITE_URL).hostname or "localhost"
ALLOWED_HOSTS = [*env.list("GATEHOUSE_ALLOWED_HOSTS", default=[]), _SITE_HOST, *_HERE]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.list("GATEHOUSE_TRUSTED_PROXIES", default=["127.0.0.1", "::1"])
if env.bool("GATEHOUSE_BEHIND_TLS_PROXY", default=HTTPS):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Whether search engines may read the pages of projects.
CRAWLERS = env.bool("GATEHOUSE_CRAWLERS", default=True)
# Whom to tell of vulnerabilities (RFC 9116): addresses that begin with mailto: or https:.
SECURITY_CONTACTS = env.list("GATEHOUSE_SECURITY_CONTACTS", default=[])
SECURITY_POLICY = env.str("GATEHOUSE_SECURITY_POLICY", default="")
# Calls from one address; 0 is no limit.
XMLRPC_PER_HOUR = env.int("GATEHOUSE_XMLRPC_PER_HOUR", default=3600)

# -- The apps --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "pypi_site.apps.SiteConfig",
    "pypi_site.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "django_q",
    "csp",
    "accounts",
    "packages",
    "search",
    "moderation",
]

MIDDLEWARE = [
    "pypi_site.lib.forwarded.ForwardedMiddleware",
    "pypi_site.lib.problems.ProblemMiddleware",
    "accounts.refusals.RefusalsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "pypi_site.lib.permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.LastSeenMiddleware",
    "pypi_site.private.PrivacyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "pypi_site.urls"
WSGI_APPLICATION = "pypi_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pypi_site.context.site",
            ],
        },
    },
]

# -- The database: everything but the bytes of files -----------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///gatehouse")}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES["default"]["ENGINE"] = "pypi_site.lib.postgresql"
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = "gatehouse"
_PREPARE = env.bool("GATEHOUSE_PREPARED_STATEMENTS", default=True)
# Statements that come again and again are planned once for each connection (docs/performance.md).
DATABASES["default"]["OPTIONS"] |= {
    "server_side_binding": True,
    "prepare_threshold": 2 if _PREPARE else None,
}
# Nobody waits longer for a database that does not answer at all (seconds; milliseconds).
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
DATABASES["default"]["OPTIONS"].setdefault("tcp_user_timeout", 10_000)
_SLOT = env.str("GATEHOUSE_TEST_SLOT", default="0")
DATABASES["default"]["TEST"] = {"NAME": f"test_gatehouse_{_SLOT}"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {  # what limits count, codes that were used, keys of issuers
        "BACKEND": "pypi_site.lib.kept_cache.KeptCache",
        "LOCATION": "pypi_site_cache",
        "OPTIONS": {"MAX_ENTRIES": 5_000},
    },
    "descriptions": {  # rendered ones: many, and no harm done when they are forgotten
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "pypi_site_descriptions",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    },
}
Q_CLUSTER = {
    "name": "gatehouse",
    "orm": "default",
    "broker_class": "pypi_site.lib.broker.MergingBroker",
    "workers": env.int("GATEHOUSE_JOB_WORKERS", default=1),
    "poll": 0.2,
    "guard_cycle": 2,  # seconds; each cycle writes its state to the cache table
    "timeout": 600,
    "retry": 900,
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "recycle": 500,
    # Failures are kept, successes are not: pruning them reads every kept one for each job.
    "save_limit": -1,
    "bulk": 50,
    "label": "Jobs",
}

# -- Files -----------------------------------------------------------------------------------

# The blobs, content-addressed.  Any storage that django-storages knows will do.
_FILES_OPTIONS = env.json("GATEHOUSE_FILES_OPTIONS", default={})
_FILES_BACKEND = env.str("GATEHOUSE_FILES_BACKEND", default="packages.storage.DiskStorage")
if _FILES_BACKEND == "packages.storage.DiskStorage":
    _FILES_OPTIONS = {"location": str(DATA_DIR / "files"), **_FILES_OPTIONS}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "files": {"BACKEND": _FILES_BACKEND, "OPTIONS": _FILES_OPTIONS},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# An origin of their own for what people uploaded; empty: the site's.
FILES_ORIGIN: str = env.str("GATEHOUSE_FILES_HOST", default="").rstrip("/")
if FILES_ORIGIN:
    ALLOWED_HOSTS.append(environ.urlparse(FILES_ORIGIN).hostname or "localhost")
# "nginx": the web server in front sends local files (X-Accel-Redirect).
SENDFILE = env.str("GATEHOUSE_SENDFILE", default="")
# How long the address of a file in a remote storage is good for; 0: the bytes go through us.
FILES_REDIRECT_SECONDS = env.int("GATEHOUSE_FILES_REDIRECT_SECONDS", default=0)
# Downloads are counted in each process and written every so many seconds.
COUNT_DOWNLOADS = env.bool("GATEHOUSE_COUNT_DOWNLOADS", default=True)
DOWNLOAD_SECONDS = env.float("GATEHOUSE_DOWNLOAD_SECONDS", default=5.0)
DOWNLOAD_DAYS = env.int("GATEHOUSE_DOWNLOAD_DAYS", default=90)
DOWNLOAD_MONTHS = env.int("GATEHOUSE_DOWNLOAD_MONTHS", default=36)
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_MAX_AGE = 3600

# -- A CDN or a cache in front -----------------------------------------------------------------

# "none", "fastly", "varnish" or "nginx"; docs/cdn.md.
CDN = env.str("GATEHOUSE_CDN", default="none")
# Where purges are sent: several Varnishes or nginxes, or Fastly's API.
CDN_ADDRESSES = env.list("GATEHOUSE_CDN_ADDRESSES", default=[])
if CDN == "fastly" and not CDN_ADDRESSES:
    CDN_ADDRESSES = ["https://api.fastly.com"]
CDN_SERVICE = env.str("GATEHOUSE_CDN_SERVICE", default="")
CDN_TOKEN = env.str("GATEHOUSE_CDN_TOKEN", default="")
# The header that carries the keys of an answer; empty: that of the CDN above.
CDN_KEYS_HEADER = env.str("GATEHOUSE_CDN_KEYS_HEADER", default="")
# How long the CDN may keep what is purged on change.
CDN_SECONDS = env.int("GATEHOUSE_CDN_SECONDS", default=DAY)

# -- Prepared pages of the simple API --------------------------------------------------------

PAGES_DIR = DATA_DIR / "pages"  # a cache: it may be deleted at any time
PAGES_MEMORY = env.int("GATEHOUSE_PAGES_MEMORY", default=128 * MIB)  # bytes, in each process
# How long a prepared page is trusted where no keeper runs.
PAGES_RECHECK_SECONDS = env.float("GATEHOUSE_PAGES_RECHECK_SECONDS", default=1.0)

# -- Uploads ---------------------------------------------------------------------------------

UPLOAD_MAX_FILE_SIZE = env.int("GATEHOUSE_MAX_FILE_SIZE", default=100 * MIB)
UPLOAD_MAX_PROJECT_SIZE = env.int("GATEHOUSE_MAX_PROJECT_SIZE", default=10 * 1024 * MIB)
UPLOAD_ALLOW_LOCAL_VERSIONS = env.bool("GATEHOUSE_ALLOW_LOCAL_VERSIONS", default=False)
UPLOAD_ALLOW_DIRECT_REFERENCES = env.bool("GATEHOUSE_ALLOW_DIRECT_REFERENCES", default=False)
UPLOAD_EXTRA_CLASSIFIERS = frozenset(env.list("GATEHOUSE_EXTRA_CLASSIFIERS", default=[]))
UPLOAD_POLICIES = env.list(
    "GATEHOUSE_UPLOAD_POLICIES",
    default=[
        "moderation.policies.refuse_prohibited_names",
        "moderation.policies.refuse_standard_library_names",
        "moderation.policies.refuse_reserved_words",
        "moderation.policies.refuse_confusable_names",
        "moderation.policies.refuse_reserved_prefixes",
        "moderation.policies.judge_lookalikes",
        "moderation.policies.hold_for_review",
        "moderation.policies.hold_new_accounts",
        "moderation.policies.hold_discontinuities",
        "moderation.policies.hold_size_jumps",
        "moderation.policies.hold_awakenings",
        "moderation.policies.hold_startup_hooks",
        "moderation.policies.hold_native_code",
        "moderation.policies.hold_setup_calls",
        "moderation.policies.hold_install_hooks",
        "moderation.policies.hold_obfuscated_code",
        "moderation.policies.hold_embedded_executables",
        "moderation.policies.hold_suspicious_urls",
        "moderation.policies.hold_the_unseen",
    ],
)
# From which likeness (0 to 1) a new name is refused, or waits for a moderator; None: as learned.
LOOKALIKE_BLOCK = env.float("GATEHOUSE_LOOKALIKE_BLOCK", default=None)
LOOKALIKE_REVIEW = env.float("GATEHOUSE_LOOKALIKE_REVIEW", default=None)
# Where people write to the moderators, about a name that was refused or else: an address or a page.
MODERATORS_CONTACT = env.str("GATEHOUSE_MODERATORS_CONTACT", default="")
UPLOAD_MAX_MEMBERS = env.int("GATEHOUSE_MAX_MEMBERS", default=50_000)
UPLOAD_MAX_METADATA_SIZE = env.int("GATEHOUSE_MAX_METADATA_SIZE", default=10 * MIB)
UPLOADS_PER_MINUTE = env.int("GATEHOUSE_UPLOADS_PER_MINUTE", default=1200)
NEW_PROJECTS_PER_HOUR = env.int("GATEHOUSE_NEW_PROJECTS_PER_HOUR", default=200)
READ_ONLY = env.bool("GATEHOUSE_READ_ONLY", default=False)
# Owners delete a file for so long after its upload, and pre-releases at any time.
DELETION_HOURS = env.int("GATEHOUSE_DELETION_HOURS", default=72)
BIN_DAYS = env.int("GATEHOUSE_BIN_DAYS", default=30)
UPLOAD_SESSION_SECONDS = env.int("GATEHOUSE_SESSION_SECONDS", default=7 * DAY)
UPLOAD_SESSION_MAX_SECONDS = env.int("GATEHOUSE_SESSION_MAX_SECONDS", default=30 * DAY)
UPLOAD_SESSION_RETENTION_SECONDS = env.int("GATEHOUSE_SESSION_RETENTION_SECONDS", default=30 * DAY)
# Whether whoever has the token of a session may look at it and install from it.
UPLOAD_PREVIEWS = env.bool("GATEHOUSE_PREVIEWS", default=True)
UPLOAD_MAX_STAGED_SIZE = env.int("GATEHOUSE_MAX_STAGED_SIZE", default=10 * 1024 * MIB)
UPLOAD_MAX_OPEN_SESSIONS = env.int("GATEHOUSE_MAX_OPEN_SESSIONS", default=50)
# Who waits for a moderator: "nobody", "untrusted" (the first release of a project by somebody
# whom no moderator has approved yet) or "everybody".
UPLOAD_HOLD = env.str("GATEHOUSE_HOLD", default="untrusted")
# Whether what is destructive (remove, prohibit a name, freeze an account) takes two moderators.
SECOND_MODERATOR = env.bool("GATEHOUSE_SECOND_MODERATOR", default=False)
# Each is given a row of the trail and names the people whom it writes to itself about that.
LETTERS_OF_OTHERS = ["moderation.telling.told_of"]
# Of one person, or of one address without an account; 0: as many as they like.
REPORTS_PER_HOUR = env.int("GATEHOUSE_REPORTS_PER_HOUR", default=10)

# -- Search ----------------------------------------------------------------------------------

SEARCH_TIMEOUT = env.int("GATEHOUSE_SEARCH_TIMEOUT", default=1000)  # milliseconds, each statement

# -- Privacy -----------------------------------------------------------------------------------

# Who may read: "" (anybody, but for private projects), "members" (whoever has an account) or
# "roles" (whoever has a role on the very project); docs/private.md.
PRIVATE = env.str("GATEHOUSE_PRIVATE", default="")
# Whether a project that is registered is private until its owner opens it.
NEW_PROJECTS_PRIVATE = env.bool("GATEHOUSE_NEW_PROJECTS_PRIVATE", default=False)
# Whether unknown names are answered by 401, so that clients without credentials look for some.
CHALLENGE = env.bool("GATEHOUSE_CHALLENGE", default=False)

# -- People ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# Hours that the owner of an account has to object before one administrator alone recovers it.
RECOVERY_HOURS = env.int("GATEHOUSE_RECOVERY_HOURS", default=72)
INVITATION_DAYS = env.int("GATEHOUSE_INVITATION_DAYS", default=14)
INVITATIONS_PER_DAY = env.int("GATEHOUSE_INVITATIONS_PER_DAY", default=50)
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = sign_in.PASSWORD_VALIDATORS
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
vars().update(sign_in.allauth(SITE_NAME))
# Who may make an account: one of sign_in.SIGNUPS.
SIGNUP = env.str("GATEHOUSE_SIGNUP", default="open")
# Only addresses of these domains, and of their subdomains; none: of any.
EMAIL_DOMAINS = [
    domain.strip().lower().lstrip("@") for domain in env.list("GATEHOUSE_EMAIL_DOMAINS", default=[])
]
# Who is asked whether an address is invited: functions of accounts and of apps above it.
INVITERS = ["accounts.invitations.by_administrator", "packages.invitations.is_invited"]
# Without a second factor: no powers of staff, and no uploads.
SECOND_FACTOR_FOR_STAFF = env.bool("GATEHOUSE_SECOND_FACTOR_FOR_STAFF", default=False)
SECOND_FACTOR_TO_UPLOAD = env.bool("GATEHOUSE_SECOND_FACTOR_TO_UPLOAD", default=False)
# How long somebody who has just proven who he is need not do so again.
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("GATEHOUSE_CONFIRM_SECONDS", default=900)
_GITHUB = env.str("GATEHOUSE_GITHUB_URL", default=sign_in.GITHUB).rstrip("/")
_GITHUB_CLIENT = env.str("GATEHOUSE_GITHUB_CLIENT_ID", default="")
_GITHUB_SECRET = env.str("GATEHOUSE_GITHUB_CLIENT_SECRET", default="")
# Who signs in with GitHub must be in one of these; none: anybody.
GITHUB_ORGANIZATIONS = env.list("GATEHOUSE_GITHUB_ORGANIZATIONS", default=[])
# OpenID Connect: a list of objects (docs/sign-in.md).
SIGN_IN_PROVIDERS = env.json("GATEHOUSE_SIGN_IN_PROVIDERS", default=[])
SOCIALACCOUNT_PROVIDERS = {
    "github": sign_in.github(_GITHUB, _GITHUB_CLIENT, _GITHUB_SECRET, GITHUB_ORGANIZATIONS),
    "openid_connect": sign_in.openid_connect(SIGN_IN_PROVIDERS),
}

# -- Trusted publishing ----------------------------------------------------------------------

# Whose CI jobs may be publishers: those that Gatehouse knows, and others; see
# docs/trusted-publishing.md.
OIDC_PROVIDERS = env.list(
    "GATEHOUSE_OIDC_PROVIDERS", default=["github", "gitlab", "google", "activestate"]
)
OIDC_ISSUERS: list[dict[str, object]] = env.json("GATEHOUSE_OIDC_ISSUERS", default=[])
# What identity tokens must be made for, so that those for another index are of no use here.
OIDC_AUDIENCE = env.str("GATEHOUSE_OIDC_AUDIENCE", default=environ.urlparse(SITE_URL).netloc)
# Whether issuers may be on this machine and speak plain http: for tests.
OIDC_LOOPBACK = env.bool("GATEHOUSE_OIDC_LOOPBACK", default=False)
PENDING_PUBLISHERS = env.int("GATEHOUSE_PENDING_PUBLISHERS", default=10)
PENDING_PUBLISHER_DAYS = env.int("GATEHOUSE_PENDING_PUBLISHER_DAYS", default=30)

# -- E-mail ----------------------------------------------------------------------------------

vars().update(env.email_url("GATEHOUSE_EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("GATEHOUSE_EMAIL_FROM", default=f"{SITE_NAME} <gatehouse@localhost>")
SERVER_EMAIL = parseaddr(DEFAULT_FROM_EMAIL)[1]

# -- Security --------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_SSL_REDIRECT = env.bool("GATEHOUSE_REDIRECT_TO_HTTPS", default=False)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = content_security.policy(
    forms_lead_to=sign_in.origins(_GITHUB if _GITHUB_CLIENT else "", SIGN_IN_PROVIDERS)
)

# -- The rest --------------------------------------------------------------------------------

# Whether subdomains and browsers' preload lists follow is for the owner of the domain to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

APPEND_SLASH = False  # urls.py redirects by itself, and never an upload
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "EXCEPTION_HANDLER": "pypi_site.lib.rest.handle_exception",
    "DEFAULT_PAGINATION_CLASS": "pypi_site.lib.rest.NamePagination",
    "PAGE_SIZE": 100,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A refusal is an answer, not an incident; and addresses of stages are secrets (U2-29).
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {"handlers": ["console"], "level": env.str("GATEHOUSE_LOG_LEVEL", default="WARNING")},
}
