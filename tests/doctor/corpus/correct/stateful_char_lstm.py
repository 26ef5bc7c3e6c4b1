# 상태를 이어 가는 문자 LSTM: 배치 사이에서 은닉 상태를 넘기고 detach 한다 (truncated BPTT)
import math

import torch
import torch.nn as nn

torch.manual_seed(0)

본문 = ("가나다라마바사아자차카타파하 " * 120)
글자 = sorted(set(본문))
번호 = {c: i for i, c in enumerate(글자)}
자료 = torch.tensor([번호[c] for c in 본문], dtype=torch.long)

BATCH, BPTT = 8, 16


def batchify(data, n):
    """연속된 흐름 n개로 나눈다: (길이, n)"""
    length = data.size(0) // n
    return data[: length * n].view(n, length).t().contiguous()


class CharLSTM(nn.Module):
    def __init__(self, vocab, emb=16, hid=48):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb)
        self.rnn = nn.LSTM(emb, hid, num_layers=2, dropout=0.1)
        self.fc = nn.Linear(hid, vocab)
        self.hid = hid

    def init_state(self, n):
        w = next(self.parameters())
        return w.new_zeros(2, n, self.hid), w.new_zeros(2, n, self.hid)

    def forward(self, x, state):
        out, state = self.rnn(self.emb(x), state)
        return self.fc(out), state


def detach(state):
    return tuple(s.detach() for s in state)


split = int(len(자료) * 0.85)
train_data = batchify(자료[:split], BATCH)
valid_data = batchify(자료[split:], BATCH)
model = CharLSTM(len(글자))
optim = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.CrossEntropyLoss()


def run_epoch(stream, train):
    model.train(train)
    state = model.init_state(BATCH)
    total, count = 0.0, 0
    with torch.set_grad_enabled(train):
        for i in range(0, stream.size(0) - 1, BPTT):
            n = min(BPTT, stream.size(0) - 1 - i)
            x, y = stream[i:i + n], stream[i + 1:i + 1 + n]
            state = detach(state)
            logits, state = model(x, state)
            loss = loss_fn(logits.reshape(-1, logits.size(-1)), y.reshape(-1))
            if train:
                optim.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optim.step()
            total += loss.item() * y.numel()
            count += y.numel()
    return total / count


for epoch in range(3):
    tr = run_epoch(train_data, True)
    va = run_epoch(valid_data, False)
    print(f"에폭 {epoch}: 학습 {tr:.3f}  검증 혼잡도 {math.exp(va):.2f}")
