import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

PAD, VOCAB, MAX_LEN = 0, 30, 18


class Encoder(nn.Module):
    def __init__(self, dim=32, heads=2, layers=1, classes=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.pos = nn.Embedding(MAX_LEN, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(dim, classes)

    def forward(self, ids):
        padding = ids != PAD
        h = self.tok(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        h = self.encoder(h, src_key_padding_mask=padding)
        return self.head(h[:, 0])


def make_split(n):
    """Label 1 when the opening token comes up again later in the sequence."""
    seqs, labels = [], []
    for _ in range(n):
        length = int(torch.randint(6, MAX_LEN - 2, (1,)))
        seq = torch.randint(1, VOCAB, (length,))
        label = int(torch.rand(1) < 0.5)
        seq[1:][seq[1:] == seq[0]] = 1 + int(seq[0]) % (VOCAB - 1)
        if label:
            seq[torch.randint(1, length, (3,))] = seq[0].item()
        seqs.append(seq)
        labels.append(label)
    ids = pad_sequence(seqs, batch_first=True, padding_value=PAD)
    return nn.functional.pad(ids, (0, MAX_LEN - ids.size(1)), value=PAD), torch.tensor(labels)


def evaluate(model, ids, labels):
    model.eval()
    with torch.no_grad():
        return (model(ids).argmax(1) == labels).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(16)
    train_ids, train_labels = make_split(1300)
    val_ids, val_labels = make_split(300)
    model = Encoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(7):
        model.train()
        for idx in torch.randperm(len(train_ids)).split(50):
            optimizer.zero_grad()
            loss = criterion(model(train_ids[idx]), train_labels[idx])
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}  val acc {evaluate(model, val_ids, val_labels):.3f}")
