package literal

// ordinary is a sample of what stands in the logs of servers most of the time: time stamps, levels, key=value pairs, JSON,
// access logs, English. The choice of windows counts grams in it, so that no literal is looked for by one that
// stands in every line. It holds no errors on purpose.
const ordinary = `2026-03-01T08:15:42.118Z INFO [room] participant joined meetingId=ab12-cd34-ef56 participantId=9f27c1d0 name="Guest 7"
2026-03-01T08:15:42.301Z DEBUG [signaling] peer=41be09aa method=produce kind=video codec=VP8 size=1834 transport=udp
2026-03-01T08:15:42.310Z DEBUG [signaling] peer=41be09aa method=consume kind=audio codec=opus payload=111 channels=2 clockRate=48000
2026-03-01T08:15:43.020Z INFO [http] 10.20.3.44 "GET /v2/rooms/ab12-cd34-ef56 HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.013
2026-03-01T08:15:43.522Z DEBUG [stats] producer=77aa31f0 bitrate=1250000 packetsLost=2 jitter=11 rtt=48 frameRate=30 dtlsState=connected iceState=completed layer=2
2026-03-01T08:15:43.530Z DEBUG [stats] consumer=10aa22bb kind=audio codec=opus bitrate=24000 packets=511 loss=0% nackCount=1 score=10 roundTripTime=35
2026-03-01T08:15:44.905Z INFO [recording] segment written recordingId=5b2f90ce file=seg-00412.ts bytes=1838221 duration=6.000 uploaded=true
2026-03-01T08:15:45.000Z WARN [media] consumer paused consumerId=10aa22bb reason=layers, resumed after 350ms
{"time":"2026-03-01T08:15:46.871Z","level":"info","msg":"request completed","method":"POST","path":"/api/sessions","status":201,"durationMs":12.4,"requestId":"c0a8-11ee"}
{"level":30,"time":1772352947250,"pid":17,"hostname":"sfu-2","msg":"router created","routerId":"77aa31f0","mode":"relay"}
{"ts":1772352947.25,"level":"debug","logger":"transport","message":"state changed to connected","roomId":"ab12","userId":"u-3391","codec":"VP8","ssrc":2917734402}
{"log":"2026-03-01 08:15:48,114 INFO worker started pid=2211 threads=4 mode=dedicated node=media-01\n","stream":"stdout","time":"2026-03-01T08:15:48.114Z"}
{"log":"{\"ts\":\"2026-03-01T08:15:48.201Z\",\"level\":\"info\",\"msg\":\"joined\",\"room\":\"ab12\",\"peers\":5,\"codec\":\"opus\"}\n","stream":"stdout","time":"2026-03-01T08:15:48.201Z"}
2026-03-01T08:15:48.900123456Z stdout F 2026-03-01T08:15:48.900Z INFO [room] recorder attached recordingId=5b2f90ce type=composite
level=info ts=2026-03-01T08:15:49.030Z caller=server.go:214 msg="connection accepted" remote=192.168.1.17:50422 id=8841 latency=2.1ms
192.168.10.6 - - [01/Mar/2026:08:15:50 +0000] "POST /token/validate HTTP/1.1" 204 0 "https://app.example.com/" "okhttp/4.9"
Mar  1 08:15:51 media-01 systemd[1]: Started session 1207 of user service.
I0301 08:15:52.400191       1 controller.go:129] "Reconciling" namespace="media" name="sfu-0" generation=3
a=candidate:1 1 udp 2122260223 192.168.1.20 51820 typ host generation 0 ufrag b7Xd network-id 1
the connection to the upstream service was closed by the client before a response could be sent; the session will be restored when it returns
`
