-- Records with more than one version.
select source, id
from {entity}_versions
where {known_by}
group by source, id
having count(*) > 1
