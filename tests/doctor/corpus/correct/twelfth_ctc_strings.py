import torch
import torch.nn as nn
import torch.nn.functional as F

BLANK, SILENCE, LETTERS, FEATS = 0, 0, 5, 8


def make_utterances(n, templates):
    frames, targets = [], []
    for _ in range(n):
        word = torch.randint(1, LETTERS + 1, (int(torch.randint(2, 5, (1,))),))
        durations = torch.randint(3, 6, (len(word),))
        spoken = [torch.tensor([SILENCE] + [w] * d) for w, d in zip(word.tolist(), durations.tolist())]
        x = templates[torch.cat(spoken)]
        frames.append(x + 0.4 * torch.randn_like(x))
        targets.append(word)
    return frames, targets


class Recognizer(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.conv = nn.Conv1d(FEATS, hidden, 5, padding=2)
        self.fc = nn.Linear(hidden, LETTERS + 1)

    def forward(self, x):
        h = F.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return F.log_softmax(self.fc(h), dim=-1)


def pack(frames, targets):
    lengths = torch.tensor([len(f) for f in frames])
    target_lengths = torch.tensor([len(t) for t in targets])
    return nn.utils.rnn.pad_sequence(frames, batch_first=True), lengths, torch.cat(targets), target_lengths


def error_rate(model, frames, targets):
    model.eval()
    wrong = 0
    with torch.no_grad():
        for x, target in zip(frames, targets):
            path = model(x.unsqueeze(0))[0].argmax(-1).unique_consecutive()
            wrong += path[path != BLANK].tolist() != target.tolist()
    return wrong / len(targets)


torch.manual_seed(41)
templates = torch.randn(LETTERS + 1, FEATS)
train_x, train_t = make_utterances(300, templates)
test_x, test_t = make_utterances(80, templates)
model = Recognizer()
ctc = nn.CTCLoss(blank=BLANK)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(len(train_x)).split(30):
        chosen = idx.tolist()
        x, lengths, t, t_lengths = pack([train_x[i] for i in chosen], [train_t[i] for i in chosen])
        loss = ctc(model(x).transpose(0, 1), t, lengths, t_lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} last loss {loss.item():.3f} test sequence error {error_rate(model, test_x, test_t):.2f}")
