int assay_simdjson_room(void);
