"""The trail in the words of those who read it: what an action means, and what to do about it."""

from __future__ import annotations

GROUPS = {
    "sign-in": ("Signing in", ("session.", "device.")),
    "account": ("Account and addresses", ("user.", "password.", "email.", "social.")),
    "factor": ("Second factors", ("factor.",)),
    "token": ("Tokens", ("token.",)),
    "role": ("Roles and publishers", ("role.", "publisher.", "team.")),
    "project": ("Projects and releases", ("project.", "release.", "file.", "stage.")),
}
# What owners see of their project: nothing that belongs to the desk, such as who reported it.
OF_PROJECTS = ("role.", "publisher.", "team.", "token.", "project.", "release.", "file.", "stage.")
OF_PROJECT_GROUPS = ("token", "role", "project")

SENTENCES = {
    "session.begin": "Signed in",
    "session.fail": "A sign-in failed: wrong password",
    "session.factor_fail": "A second factor was refused",
    "session.end": "A browser was signed out",
    "session.end_all": "Signed out everywhere",
    "device.new": "Signed in with a new device",
    "user.sign_up": "The account was made",
    "user.bootstrap": "Made an administrator",
    "user.trust": "Trusted: new projects need no review",
    "user.distrust": "Not trusted any more",
    "user.freeze": "The account was frozen",
    "user.unfreeze": "The account works again",
    "user.recover": "The account was recovered",
    "user.rights": "Rights on this site were changed",
    "password.change": "The password was changed",
    "password.set": "A password was set",
    "password.reset": "The password was reset by e-mail",
    "email.add": "An e-mail address was added",
    "email.verify": "An e-mail address was verified",
    "email.remove": "An e-mail address was removed",
    "email.primary": "The primary e-mail address was changed",
    "factor.add": "A second factor was added",
    "factor.remove": "A second factor was removed",
    "factor.codes": "Recovery codes were made",
    "factor.code_used": "A recovery code was used",
    "social.connect": "An account elsewhere was connected",
    "social.disconnect": "An account elsewhere was disconnected",
    "token.mint": "An API token was made",
    "token.revoke": "An API token was revoked",
    "token.new_place": "An API token was used from a new address",
    "role.invite": "Somebody was invited",
    "role.add": "Somebody joined",
    "role.change": "A role was changed",
    "role.remove": "Somebody left or was removed",
    "role.decline": "An invitation was declined",
    "role.withdraw": "An invitation was withdrawn",
    "publisher.add": "A trusted publisher was added",
    "publisher.remove": "A trusted publisher was removed",
    "publisher.mint": "A CI job got a token",
    "publisher.refuse": "A CI job was refused",
    "publisher.prepare": "A pending publisher was prepared",
    "publisher.fulfil": "A pending publisher registered the project",
    "file.publish": "A file was published",
    "stage.hold_again": "An upload waits for a moderator again",
}
# Of what somebody is told at once, as which kind of message.
LETTERS = {
    "device.new": "device",
    "user.recover": "account",
    "user.rights": "account",
    "session.end_all": "account",
    "password.change": "account",
    "password.set": "account",
    "password.reset": "account",
    "email.add": "account",
    "email.remove": "account",
    "email.primary": "account",
    "factor.add": "account",
    "factor.remove": "account",
    "factor.codes": "account",
    "factor.code_used": "account",
    "social.connect": "account",
    "social.disconnect": "account",
    "token.mint": "token",
    "token.revoke": "token",
    "token.new_place": "place",
}
DETAILS = {
    "how": "With",
    "device": "Device",
    "address": "From",
    "email": "Address",
    "factor": "Factor",
    "provider": "Account",
    "actions": "It may",
    "networks": "Only from",
    "user": "Who",
    "kind": "As",
    "name": "Name",
    "count": "How often",
}


def sentence(action: str) -> str:
    """What happened, in words; an action without any tells its own name."""
    return SENTENCES.get(action) or action.replace(".", ": ").replace("_", " ").capitalize()
