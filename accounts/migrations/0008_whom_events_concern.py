"""Events name the account and the project that they concern, so that both can be shown them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

TRIGGER = """
create or replace function accounts_trail_only_grows() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE'
       and (new.user_id is null or new.user_id = old.user_id)
       and (new.person_id is null or new.person_id = old.person_id)
       and to_jsonb(new) - 'user_id' - 'person_id' = to_jsonb(old) - 'user_id' - 'person_id' then
        return new;
    end if;
    raise exception 'The audit trail only grows.' using errcode = 'restrict_violation';
end $$;
"""
FORMER_TRIGGER = """
create or replace function accounts_trail_only_grows() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.user_id is null
       and to_jsonb(new) - 'user_id' = to_jsonb(old) - 'user_id' then
        return new;
    end if;
    raise exception 'The audit trail only grows.' using errcode = 'restrict_violation';
end $$;
"""
# Once, and with the trigger aside: writers wait for it, readers do not.
FILL = """
do $$ begin
alter table accounts_auditevent disable trigger the_trail_only_grows;
update accounts_auditevent e set person_id = u.id from accounts_user u
 where e.subject_type = 'accounts.user' and e.subject_id = u.id::text;
update accounts_auditevent e set person_id = t.user_id from accounts_apitoken t
 where e.subject_type = 'accounts.apitoken' and e.subject_id = t.id::text;
update accounts_auditevent set project = subject_id::bigint
 where subject_type = 'packages.project';
if to_regclass('packages_file') is not null then
    update accounts_auditevent e set project = r.project_id from packages_release r
     where e.subject_type = 'packages.release' and e.subject_id = r.id::text;
    update accounts_auditevent e set project = r.project_id
      from packages_file f join packages_release r on r.id = f.release_id
     where e.subject_type = 'packages.file' and e.subject_id = f.id::text;
    update accounts_auditevent e set project = s.project_id from packages_stage s
     where e.subject_type = 'packages.stage' and e.subject_id = s.id::text;
end if;
alter table accounts_auditevent enable trigger the_trail_only_grows;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_tokens_that_read")]
    operations = [
        migrations.AddField(
            "auditevent",
            "person",
            models.ForeignKey(
                null=True,
                db_index=False,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("auditevent", "project", models.BigIntegerField(null=True)),
        migrations.RunSQL(TRIGGER, FORMER_TRIGGER),
        migrations.RunSQL("set constraints all immediate; " + FILL, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="KnownDevice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=100)),
                ("address", models.GenericIPAddressField(null=True)),
                ("first_at", models.DateTimeField(default=timezone.now)),
                ("last_at", models.DateTimeField(default=timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="known_devices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "digest"), name="a_device_of_somebody_is_listed_once"
                    )
                ]
            },
        ),
    ]
