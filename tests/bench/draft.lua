-- wrk: each thread is one person, who saves a draft again and again, each time on the version that the last answer told.
-- COOKIES: a file with a cookie a line. One connection a thread.
local lines = {}
local given = 0

function setup(thread)
    if #lines == 0 then
        for line in io.lines(os.getenv("COOKIES")) do
            lines[#lines + 1] = line
        end
    end
    given = given + 1
    thread:set("cookie", lines[given])
    thread:set("number", given)
end

function init()
    version = -1
    count = 0
    run = tostring(os.time()) .. number
end

-- The first request reads the version that there is.
function request()
    local headers = { ["Cookie"] = cookie }
    if version < 0 then
        return wrk.format("GET", "/api/v1/identities/OWNER_UNIT", headers)
    end
    count = count + 1
    headers["Content-Type"] = "application/json"
    headers["X-Guild-Request"] = "1"
    headers["Idempotency-Key"] = run .. "-" .. count
    return wrk.format("PUT", "/api/v1/identities/OWNER_UNIT/draft", headers,
        '{"version":' .. version .. ',"form":{"owner_unit":{"unit_name":"长治市测量公司","contact_name":"王测量","contact_phone":"18003551778"}}}')
end

function response(status, headers, body)
    version = tonumber(body:match('"version":(%d+)')) or (version < 0 and 0 or version)
end
