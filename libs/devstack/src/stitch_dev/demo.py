"""Who may log in to a fresh stack."""

from stitch_dev.secrets_file import Secrets

_NAMES = {"admin": "Ada Admin", "editor": "Edda Editor", "viewer": "Vera Viewer"}


def bootstrap_users(secrets: Secrets) -> list[dict[str, str]]:
    """Give what auth makes at its start, each already verified."""
    return [
        {
            "username": role,
            "email": f"{role}@example.com",
            "password": secrets.demo_password(role),
            "full_name": name,
            "role": role,
        }
        for role, name in _NAMES.items()
    ]


def log_ins(secrets: Secrets) -> dict[str, dict[str, str]]:
    """Give user name and password by role."""
    return {
        user["role"]: {"username": user["username"], "password": user["password"]}
        for user in bootstrap_users(secrets)
    }
