package main

import (
	"bufio"
	"encoding/binary"
	"io"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"google.golang.org/protobuf/proto"
)

// frame puts the length before a message, as it goes over a stream.
func frame(message *pb.Message) ([]byte, error) {
	body, err := proto.Marshal(message)
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(nil, uint64(len(body))), body...), nil
}

func writeFrame(out io.Writer, message *pb.Message) error {
	bytes, err := frame(message)
	if err == nil {
		_, err = out.Write(bytes)
	}
	return err
}

// readFrame reads the bytes of one message.
func readFrame(in *bufio.Reader) ([]byte, error) {
	length, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	body := make([]byte, length)
	_, err = io.ReadFull(in, body)
	return body, err
}

func parse(body []byte) (*pb.Message, error) {
	message := &pb.Message{}
	return message, proto.Unmarshal(body, message)
}
