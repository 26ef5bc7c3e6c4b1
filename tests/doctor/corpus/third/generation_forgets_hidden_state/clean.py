import torch
import torch.nn as nn
import torch.optim as optim

# Zeichenmodell: der Folgebuchstabe haengt vom ganzen bisherigen Wort ab
text = "abcabdabeabf" * 40
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
SEQ, BATCH = 36, 16


class CharRNN(nn.Module):
    def __init__(self, n_chars, hidden=48):
        super(CharRNN, self).__init__()
        self.n_chars = n_chars
        self.lstm = nn.LSTM(n_chars, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, n_chars)

    def forward(self, x, state=None):
        onehot = nn.functional.one_hot(x, self.n_chars).float()
        out, state = self.lstm(onehot, state)
        return self.fc(out), state


def get_batch():
    start = torch.randint(0, len(data) - SEQ - 1, (BATCH,))
    rows = start[:, None] + torch.arange(SEQ + 1)
    chunk = data[rows]
    return chunk[:, :-1], chunk[:, 1:]


def train(model, steps=200, lr=1e-2):
    optimizer = optim.Adam(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for step in range(steps):
        x, y = get_batch()
        logits, _ = model(x)
        loss = criterion(logits.transpose(1, 2), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    return loss.item()


def generate(model, prime, n):
    model.eval()
    out = list(prime)
    with torch.no_grad():
        ids = torch.tensor([[stoi[c] for c in prime]])
        logits, state = model(ids)
        for _ in range(n):
            nxt = logits[0, -1].argmax().item()
            out.append(chars[nxt])
            logits, state = model(torch.tensor([[nxt]]), state)
    return "".join(out)


torch.manual_seed(0)
model = CharRNN(len(chars))
print("loss", train(model))
made = generate(model, text[:12], 24)
print(made)
print("correct", sum(a == b for a, b in zip(made, text)), "of", len(made))
