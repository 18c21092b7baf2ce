import java.io.File;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Puts an app's manifest and those of its libraries together, as far as ours need it: what a library declares is added
 * unless the app declares the same name; `tools:node="remove"` leaves it out. Android's own merger does more.
 */
class Manifests {
    private static final String ANDROID = "http://schemas.android.com/apk/res/android";
    private static final String TOOLS = "http://schemas.android.com/tools";

    /** OUT, then NAMESPACE and FILE of the app and of each library. */
    public static void main(String[] args) throws Exception {
        Document app = read(args[2], args[1]);
        Element manifest = app.getDocumentElement();
        for (int at = 3; at + 1 < args.length; at += 2) {
            Element library = read(args[at + 1], args[at]).getDocumentElement();
            add(app, library, manifest);
            for (String group : List.of("application", "queries")) {
                Element from = child(library, group);
                Element to = child(manifest, group);
                if (from != null && to != null) add(app, from, to);
            }
        }
        clean(manifest);
        manifest.setAttribute("package", args[1]);
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.ENCODING, "utf-8");
        writer.transform(new DOMSource(app), new StreamResult(new File(args[0])));
    }

    private static Document read(String file, String namespace) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(new File(file));
        fullNames(document.getDocumentElement(), namespace);
        return document;
    }

    /** Names that begin with a dot are in the manifest's own namespace. */
    private static void fullNames(Element element, String namespace) {
        String name = element.getAttributeNS(ANDROID, "name");
        if (name.startsWith(".")) element.setAttributeNS(ANDROID, "android:name", namespace + name);
        for (Element each : children(element)) fullNames(each, namespace);
    }

    private static void add(Document app, Element from, Element to) {
        Set<String> known = new HashSet<>();
        for (Element each : children(to)) known.add(key(each));
        for (Element each : children(from)) {
            if (known.add(key(each)))
                to.insertBefore(app.importNode(each, true), child(to, "application"));
        }
    }

    private static String key(Element element) {
        // Of these there is one, whatever its name.
        if (List.of("application", "queries").contains(element.getTagName())) return element.getTagName();
        return element.getTagName() + " " + element.getAttributeNS(ANDROID, "name");
    }

    /** Takes out what is marked so, and the words for the merger. */
    private static void clean(Element element) {
        for (Element each : children(element)) {
            if (each.getAttributeNS(TOOLS, "node").equals("remove")) element.removeChild(each);
            else clean(each);
        }
        List<Node> words = new ArrayList<>();
        for (int at = 0; at < element.getAttributes().getLength(); at++) {
            Node attribute = element.getAttributes().item(at);
            if (TOOLS.equals(attribute.getNamespaceURI()) || TOOLS.equals(attribute.getNodeValue())) words.add(attribute);
        }
        for (Node each : words) element.removeAttributeNode((org.w3c.dom.Attr) each);
    }

    private static Element child(Element of, String tag) {
        for (Element each : children(of)) if (each.getTagName().equals(tag)) return each;
        return null;
    }

    private static List<Element> children(Element of) {
        List<Element> found = new ArrayList<>();
        for (Node at = of.getFirstChild(); at != null; at = at.getNextSibling())
            if (at instanceof Element) found.add((Element) at);
        return found;
    }
}
