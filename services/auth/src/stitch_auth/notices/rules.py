"""What a mail may say of a device: only words of ours, because a stranger can choose its own."""

PROGRAMS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""By what only they call themselves; those that also claim to be others come first."""
SYSTEMS = {
    "Windows": "Windows",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def device_name(user_agent: str) -> str:
    """Something like "Firefox on Linux"; what is no browser is a program."""
    program = next((name for mark, name in PROGRAMS.items() if mark in user_agent), "a program")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), None)
    return f"{program} on {system}" if system else program
