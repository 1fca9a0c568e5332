"""A name that is, or was, a project's is never another's; the database sees to it."""

from django.db import migrations

# Two transactions that want one name wait for each other here: after the lock the look-up sees what
# the first has committed (each statement of a volatile function has a snapshot of its own).
FORWARDS = """
create function packages_a_name_belongs_to_one_project() returns trigger language plpgsql as $$
declare
    taken boolean;
begin
    if tg_op = 'UPDATE' and new.normalized_name = old.normalized_name then
        return new;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('project ' || new.normalized_name, 0));
    if tg_table_name = 'packages_project' then
        select exists (select 1 from packages_formername where normalized_name = new.normalized_name)
            into taken;
    else
        select exists (select 1 from packages_project where normalized_name = new.normalized_name)
            into taken;
    end if;
    if taken then
        raise exception 'The name % belongs to another project.', new.normalized_name
            using errcode = 'unique_violation', constraint = 'a_name_belongs_to_one_project';
    end if;
    return new;
end $$;
create trigger a_name_belongs_to_one_project before insert or update of normalized_name on packages_project
    for each row execute function packages_a_name_belongs_to_one_project();
create trigger a_former_name_belongs_to_one_project before insert or update of normalized_name on packages_formername
    for each row execute function packages_a_name_belongs_to_one_project();
"""
BACKWARDS = """
drop trigger a_name_belongs_to_one_project on packages_project;
drop trigger a_former_name_belongs_to_one_project on packages_formername;
drop function packages_a_name_belongs_to_one_project();
"""


class Migration(migrations.Migration):
    dependencies = [("packages", "0006_quarantine_deletion_former_names")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
