import random

import torch
import torch.nn as nn

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)

BOS, N_DIGITS, LEN = 10, 10, 6


class Encoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.embedding = nn.Embedding(N_DIGITS, hid)
        self.rnn = nn.GRU(hid, hid, batch_first=True)

    def forward(self, src):
        _, hidden = self.rnn(self.embedding(src))
        return hidden


class Decoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.embedding = nn.Embedding(N_DIGITS + 1, hid)
        self.rnn = nn.GRU(hid, hid, batch_first=True)
        self.fc_out = nn.Linear(hid, N_DIGITS)

    def forward(self, token, hidden):
        output, hidden = self.rnn(self.embedding(token).unsqueeze(1), hidden)
        return self.fc_out(output.squeeze(1)), hidden


class Seq2Seq(nn.Module):
    def __init__(self, hid=48):
        super().__init__()
        self.encoder, self.decoder = Encoder(hid), Decoder(hid)

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        hidden = self.encoder(src)
        token = torch.full((src.size(0),), BOS)
        outputs = []
        for t in range(trg.size(1)):
            logits, hidden = self.decoder(token, hidden)
            outputs.append(logits)
            teacher_force = random.random() < teacher_forcing_ratio
            token = trg[:, t] if teacher_force else logits.argmax(1)
        return torch.stack(outputs, dim=1)


def evaluate(model, src, trg):
    model.eval()
    with torch.no_grad():
        logits = model(src, trg, teacher_forcing_ratio=0.0)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), trg.flatten())
        exact = (logits.argmax(-1) == trg).all(dim=1).float().mean()
    return loss.item(), exact.item()


# task: sort the digits
src = torch.randint(0, N_DIGITS, (1200, LEN))
trg = src.sort(dim=1).values
train_src, train_trg, valid_src, valid_trg = src[:1000], trg[:1000], src[1000:], trg[1000:]

model = Seq2Seq()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(1000).split(50):
        optimizer.zero_grad()
        out = model(train_src[idx], train_trg[idx])
        loss = nn.functional.cross_entropy(out.flatten(0, 1), train_trg[idx].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    if epoch % 4 == 3:
        v_loss, v_exact = evaluate(model, valid_src, valid_trg)
        print(f"epoch {epoch + 1} train {loss.item():.3f} valid {v_loss:.3f} exact match {v_exact:.3f}")
