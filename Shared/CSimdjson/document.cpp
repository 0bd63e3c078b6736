extern "C" int assay_simdjson_room(void) { return 0; }
