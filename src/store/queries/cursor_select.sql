-- Where the next pull begins.
select position from cursors where source = $1 and stream = $2
