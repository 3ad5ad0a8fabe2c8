# A static binary in an image that holds nothing else.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /propusk ./cmd/propusk \
    && mkdir /state

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /propusk /propusk
# What organisations upload; mount a volume here, or set PROPUSK_BLOB_URL to S3.
COPY --from=build --chown=nonroot:nonroot /state /var/lib/propusk
EXPOSE 8080
ENV PROPUSK_LISTEN=:8080 PROPUSK_BLOB_URL=file:///var/lib/propusk/files
ENTRYPOINT ["/propusk"]
CMD ["serve"]
