"""Audit events are only ever added.  Deleting a person may take the link to him, nothing else."""

from django.db import migrations

FORWARDS = """
create function accounts_trail_only_grows() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.user_id is null
       and to_jsonb(new) - 'user_id' = to_jsonb(old) - 'user_id' then
        return new;
    end if;
    raise exception 'The audit trail only grows.' using errcode = 'restrict_violation';
end $$;
create trigger the_trail_only_grows before update or delete on accounts_auditevent
    for each row execute function accounts_trail_only_grows();
"""
BACKWARDS = """
drop trigger the_trail_only_grows on accounts_auditevent;
drop function accounts_trail_only_grows();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
