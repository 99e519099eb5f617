"""A user agent in plain words: `Firefox on Windows`. Coarse on purpose: an update makes no new device."""

_PROGRAMS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
    ("python", "Python"), ("Python", "Python"), ("okhttp/", "OkHttp"), ("Dart/", "Dart"), ("Postman", "Postman"),
    ("Wget/", "Wget"), ("Go-http-client/", "Go"), ("node", "Node.js"), ("axios/", "Node.js"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
UNKNOWN = "Unknown device"


def device_of(user_agent: str) -> str:
    """The first that fits: browsers name the ones that they descend from, too."""
    program, system = _first(_PROGRAMS, user_agent), _first(_SYSTEMS, user_agent)
    return " on ".join(filter(None, (program, system))) or UNKNOWN


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in table if mark in user_agent), "")
