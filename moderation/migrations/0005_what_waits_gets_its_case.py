from django.db import migrations

READY = {
    "approved": [
        "I have looked at the files: they do what the description says.",
        "A sound first release. Welcome!",
        "The likeness of the name is none: the projects cannot be mistaken for each other.",
    ],
    "rejected": [
        "The name is too much like that of another project; please choose another one.",
        "The files contain code that harms or spies on whoever installs it.",
        "This is no software that others could use; the index is no place to reserve names.",
        "The upload contains secrets or private data; remove them and upload it again.",
        "Code runs at installation that is not explained; explain it in the description.",
    ],
    "quarantined": [
        "It was reported as malware, and we are looking into it.",
        "It looks as if somebody else than its owners published it.",
    ],
    "cleared": ["We have looked at it and found nothing wrong. Thank you for your patience."],
    "removed": [
        "It is malware.",
        "It violates a licence or a copyright, and its owner has asked for the removal.",
        "It is spam.",
    ],
    "prohibited": [
        "The name was used for malware.",
        "The name pretends to be another project.",
        "The name is a trade mark of somebody else.",
    ],
    "frozen": ["The account published malware.", "The account seems to be in the wrong hands."],
    "dismissed": [
        "There is nothing wrong with it.",
        "This is a matter between the people involved; please talk to the owners first.",
        "It was reported before, and decided.",
    ],
}


def fill(apps, schema_editor):
    """Reasons ready to be used, and a case for each upload that waits already."""
    ready_reason = apps.get_model("moderation", "ReadyReason")
    ready_reason.objects.bulk_create(
        [
            ready_reason(kind=kind, text=text, position=place)
            for kind, texts in READY.items()
            for place, text in enumerate(texts, 1)
        ],
        ignore_conflicts=True,
    )
    case, concerned = (apps.get_model("moderation", name) for name in ("Case", "Concerned"))
    stages = apps.get_model("packages", "Stage").objects.filter(status="processing")
    for stage in stages.select_related("project").exclude(cases__isnull=False):
        title = f"{stage.project.name} {stage.version}"[:300]
        row = case.objects.create(
            stage=stage, title=title, kind="held", severity=2, opened_at=stage.created_at
        )
        if stage.created_by_id:
            concerned.objects.create(case=row, user_id=stage.created_by_id, part="uploader")


class Migration(migrations.Migration):
    dependencies = [("moderation", "0004_cases")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
