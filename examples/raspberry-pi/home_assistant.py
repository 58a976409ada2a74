"""Tells Home Assistant each emotion over MQTT.

    fer-edge watch 0 --json | python home_assistant.py BROKER [PORT]

Home Assistant finds the sensor by itself (MQTT discovery). Needs paho-mqtt 2: pip install paho-mqtt
"""

import json
import sys

import paho.mqtt.client as mqtt

TOPIC = "fer_edge"
SENSOR = {
    "name": "Emotion",
    "unique_id": "fer_edge_emotion",
    "state_topic": f"{TOPIC}/emotion",
    "value_template": "{{ value_json.emotion }}",
    "json_attributes_topic": f"{TOPIC}/emotion",
    "availability_topic": f"{TOPIC}/status",
    "device": {"identifiers": ["fer_edge"], "name": "fer-edge"},
    "icon": "mdi:emoticon-outline",
}


def main(broker: str, port: int) -> None:
    """Publish the events on stdin, one JSON object a line."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.will_set(f"{TOPIC}/status", "offline", qos=1, retain=True)
    client.connect(broker, port)
    client.loop_start()
    publish(client, "homeassistant/sensor/fer_edge/config", json.dumps(SENSOR), retain=True)
    publish(client, f"{TOPIC}/status", "online", retain=True)
    for line in sys.stdin:
        publish(client, f"{TOPIC}/emotion", line.strip())
    publish(client, f"{TOPIC}/status", "offline", retain=True)
    client.disconnect()
    client.loop_stop()


def publish(client: mqtt.Client, topic: str, payload: str, *, retain: bool = False) -> None:
    """Publish and wait until the broker has it."""
    client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(timeout=10)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "homeassistant.local", int(sys.argv[2]) if len(sys.argv) > 2 else 1883)
