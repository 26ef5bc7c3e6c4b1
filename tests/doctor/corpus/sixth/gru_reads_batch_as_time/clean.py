import torch
import torch.nn as nn
import torch.nn.functional as F

HPARAMS = {
    "data": {"n_train": 800, "n_test": 300, "length": 24},
    "cell": "gru",
    "rnn": {"input_size": 3, "hidden_size": 32, "num_layers": 1, "batch_first": True},
    "train": {"epochs": 8, "batch_size": 40, "lr": 5e-3},
}
CELLS = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}


def gestures(n, length, generator):
    """Three sensors, four gestures that differ in which sensor swings and when."""
    label = torch.randint(4, (n,), generator=generator)
    time = torch.arange(length).float()
    signal = 0.4 * torch.randn(n, length, 3, generator=generator)
    late = (label % 2).unsqueeze(1)
    centre = 6 + 10 * late + torch.randint(-2, 3, (n, 1), generator=generator)
    bump = torch.exp(-((time - centre) / 2) ** 2)
    sensor = torch.div(label, 2, rounding_mode="floor")
    signal[torch.arange(n), :, sensor] += 2 * bump
    return signal, label


class GestureNet(nn.Module):
    def __init__(self, cell, options, n_classes):
        super().__init__()
        self.encoder = CELLS[cell](**options)
        self.classify = nn.Linear(options["hidden_size"], n_classes)

    def forward(self, signal):
        states, _ = self.encoder(signal)
        return self.classify(states[:, -1, :])


def test_accuracy(model, signal, label, size=100):
    model.eval()
    with torch.no_grad():
        guess = torch.cat([model(part).argmax(1) for part in signal.split(size)])
    return (guess == label).float().mean().item()


def run(hp):
    torch.manual_seed(19)
    gen = torch.Generator().manual_seed(190)
    d, t = hp["data"], hp["train"]
    train_x, train_y = gestures(d["n_train"], d["length"], gen)
    test_x, test_y = gestures(d["n_test"], d["length"], gen)
    model = GestureNet(hp["cell"], hp["rnn"], 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=t["lr"])
    for epoch in range(t["epochs"]):
        model.train()
        for idx in torch.randperm(d["n_train"]).split(t["batch_size"]):
            loss = F.cross_entropy(model(train_x[idx]), train_y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, "test accuracy %.3f" % test_accuracy(model, test_x, test_y))


run(HPARAMS)
