"""Ready words for what moderators do besides deciding: ask, lay aside, hand over, take back."""

from django.db import migrations

READY = {
    "ask": [
        "What is it for, and who is meant to install it?",
        "What does the code do that runs at installation, and why is it needed?",
        "Do you belong to the project whose name this one resembles?",
        "Have you published this release yourself? It came by another way than those before.",
        "Where is the source of the compiled files, and how were they built?",
    ],
    "wait": [
        "What the owners of the other project say.",
        "What else the reporter sends.",
        "A second opinion: somebody who knows this kind of code looks at it.",
        "A corrected upload, which the uploader has announced.",
    ],
    "hand-over": [
        "You know this kind of code better than I do; please look at it.",
        "I know the people concerned, so somebody else should decide.",
        "I may not do what seems necessary here; please decide.",
        "I have no time for it now; my notes say what I have seen.",
    ],
    "undo": [
        "We have looked again and found nothing wrong. We are sorry for the trouble.",
        "It was a mistake: something else was meant. We are sorry for the trouble.",
        "Your appeal has convinced us.",
        "What was wrong is mended. Thank you.",
    ],
    "revoke": [
        "We have learned something that we did not know, and look at it again.",
        "It was a mistake: something else was meant.",
        "An appeal has convinced us to look at it again.",
    ],
    "withdraw": [
        "It was proposed by mistake.",
        "We have talked about it and do not do it.",
        "Something milder is enough.",
    ],
}


def fill(apps, schema_editor):
    """Reasons ready to be used; administrators change them as they like."""
    ready_reason = apps.get_model("moderation", "ReadyReason")
    ready_reason.objects.bulk_create(
        [
            ready_reason(kind=kind, text=text, position=place)
            for kind, texts in READY.items()
            for place, text in enumerate(texts, 1)
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("moderation", "0011_appeals_of_visitors")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
